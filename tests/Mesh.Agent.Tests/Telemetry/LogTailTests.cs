using System.Text;
using Mesh.Agent.Runtime.Shim;
using Mesh.Agent.Telemetry;
using Mesh.Agent.Tests.Testing;

namespace Mesh.Agent.Tests.Telemetry;

public sealed class LogTailTests : IDisposable
{
    private readonly TemporaryFolder folder = new();

    public void Dispose() => folder.Dispose();

    [Fact]
    public void Every_line_is_read_once_over_rotations_and_pauses()
    {
        List<string> seen = [];
        var position = LogPosition.Beginning;
        using var writer = new LogWriter(folder.Path, 2000, 1000, TimeProvider.System);
        for (var i = 0; i < 500; i++)
        {
            writer.Copy(new MemoryStream(Encoding.UTF8.GetBytes($"line {i}\n")), "stdout");
            if (i % 37 != 0) continue;
            (var lines, position) = LogTail.Read(folder.Path, position, 1000, DateTimeOffset.UnixEpoch);
            seen.AddRange(lines.Select(line => line.Text));
        }

        while (!LogTail.IsAtEnd(folder.Path, position))
        {
            (var lines, position) = LogTail.Read(folder.Path, position, 1000, DateTimeOffset.UnixEpoch);
            seen.AddRange(lines.Select(line => line.Text));
        }

        Assert.Equal(Enumerable.Range(0, 500).Select(i => $"line {i}"), seen);
    }

    [Fact]
    public void What_was_overwritten_unread_is_said()
    {
        using var writer = new LogWriter(folder.Path, 100, 3, TimeProvider.System);
        writer.Copy(new MemoryStream(Encoding.UTF8.GetBytes(string.Join('\n', Enumerable.Range(0, 100)))), "stderr");
        var (lines, position) = LogTail.Read(folder.Path, LogPosition.Beginning, 1 << 20, DateTimeOffset.UnixEpoch);

        Assert.True(lines[0].IsLoss);
        Assert.Equal("99", lines[^1].Text);
        Assert.Equal("stderr", lines[^1].Stream);
        Assert.True(LogTail.IsAtEnd(folder.Path, position));
    }

    [Fact]
    public void Parts_are_joined_and_a_line_without_end_waits()
    {
        File.WriteAllText(folder["00000001.log"], "2030-01-01T00:00:00Z stdout P one \n2030-01-01T00:00:00Z stdout F two\n2030-01-01T00:00:00Z stdout F cu");
        var (lines, position) = LogTail.Read(folder.Path, LogPosition.Beginning, 1000, DateTimeOffset.UnixEpoch);
        Assert.Equal("one two", Assert.Single(lines).Text);

        File.AppendAllText(folder["00000001.log"], "t\n");
        Assert.Equal("cut", Assert.Single(LogTail.Read(folder.Path, position, 1000, DateTimeOffset.UnixEpoch).Lines).Text);
    }
}
