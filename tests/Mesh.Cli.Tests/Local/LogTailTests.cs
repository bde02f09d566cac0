using Mesh.Cli.Local;
using Mesh.Testing;

namespace Mesh.Cli.Tests.Local;

public sealed class LogTailTests : IDisposable
{
    private readonly TestFolder folder = new();

    private string Log => Path.Combine(folder.Path, "a.log");

    [Fact]
    public void Shows_the_last_lines_and_then_what_is_new()
    {
        File.WriteAllText(Log, "one\ntwo\nthree\n");
        var tail = new LogTail(Log, "a ");
        using var output = new StringWriter { NewLine = "\n" };

        tail.WriteLast(2, output);
        File.AppendAllText(Log, "four\nhal");
        tail.WriteNew(output);
        File.AppendAllText(Log, "f\n");
        tail.WriteNew(output);

        Assert.Equal("a two\na three\na four\na half\n", output.ToString());
    }

    [Fact]
    public void Begins_anew_when_the_log_does()
    {
        File.WriteAllText(Log, "one\ntwo\n");
        var tail = new LogTail(Log, "");
        using var output = new StringWriter { NewLine = "\n" };
        tail.WriteLast(0, output);
        File.WriteAllText(Log, "new\n");
        tail.WriteNew(output);
        Assert.Equal("new\n", output.ToString());
    }

    public void Dispose() => folder.Dispose();
}
