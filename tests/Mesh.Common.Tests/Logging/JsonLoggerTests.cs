using System.Text.Json;
using Mesh.Common.Hosting;
using Mesh.Common.Logging;
using Microsoft.Extensions.Logging;

namespace Mesh.Common.Tests.Logging;

public sealed class JsonLoggerTests
{
    private static readonly MeshOptions s_options = new() { Service = "registry", ClusterKey = [] };

    [Fact]
    public void A_log_line_is_one_json_object_with_its_context()
    {
        using var output = new MemoryStream();
        using var activity = new System.Diagnostics.Activity("test").SetIdFormat(System.Diagnostics.ActivityIdFormat.W3C).Start();
        RequestScope.Begin("r1");
        using (var provider = new JsonLoggerProvider(s_options, TimeProvider.System, output))
        {
            var logger = provider.CreateLogger("Test");
            logger.LogError(new InvalidOperationException("two\nlines"), "hello \"{Name}\"", "größe");
            logger.LogDebug("not at this level");
        }
        var line = Assert.Single(System.Text.Encoding.UTF8.GetString(output.ToArray()).Split('\n', StringSplitOptions.RemoveEmptyEntries));
        var json = JsonDocument.Parse(line).RootElement;
        Assert.Matches(@"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$", json.GetProperty("time").GetString());
        Assert.Equal("error", json.GetProperty("level").GetString());
        Assert.Equal("registry", json.GetProperty("service").GetString());
        Assert.Equal("hello \"größe\"", json.GetProperty("message").GetString());
        Assert.Equal("r1", json.GetProperty("request_id").GetString());
        Assert.Equal(activity.TraceId.ToHexString(), json.GetProperty("trace_id").GetString());
        Assert.Equal(activity.SpanId.ToHexString(), json.GetProperty("span_id").GetString());
        Assert.Contains("two\nlines", json.GetProperty("exception").GetString(), StringComparison.Ordinal);
    }

    [Fact]
    public void A_reader_that_stands_still_blocks_no_one_and_learns_what_it_missed()
    {
        using var output = new GatedStream();
        using (var provider = new JsonLoggerProvider(s_options, TimeProvider.System, output))
        {
            var logger = provider.CreateLogger("Test");
            for (var i = 0; i < 20_000; i++) logger.LogInformation("line {Number}", i);
            output.Gate.Set();
        }
        Assert.Contains("log lines were dropped", System.Text.Encoding.UTF8.GetString(output.ToArray()), StringComparison.Ordinal);
    }

    private sealed class GatedStream : MemoryStream
    {
        public ManualResetEventSlim Gate { get; } = new();

        public override ValueTask WriteAsync(ReadOnlyMemory<byte> buffer, CancellationToken cancellationToken = default)
        {
            Gate.Wait(cancellationToken);
            Write(buffer.Span);
            return default;
        }

        protected override void Dispose(bool disposing)
        {
            Gate.Dispose();
            base.Dispose(disposing);
        }
    }
}
