using System.Collections.Concurrent;
using System.Text;

namespace HelloDotnet;

/// <summary>Counts answered requests and writes them as Prometheus text.</summary>
internal sealed class RequestCounter
{
    private readonly ConcurrentDictionary<(string Path, int Status), long> counts = new();

    public void Count(string path, int status) => counts.AddOrUpdate((path, status), 1, (_, count) => count + 1);

    public string Text()
    {
        var text = new StringBuilder("# HELP hello_requests_total Requests answered.\n# TYPE hello_requests_total counter\n");
        foreach (var ((path, status), count) in counts)
            text.Append($"hello_requests_total{{path=\"{path}\",status=\"{status}\"}} {count}\n");
        text.Append("# HELP hello_memory_bytes Resident memory.\n# TYPE hello_memory_bytes gauge\n");
        text.Append($"hello_memory_bytes {Environment.WorkingSet}\n");
        return text.ToString();
    }
}
