using System.Text.Json;

namespace Mesh.Agent.Runtime;

/// <summary>Reads what runc writes with `--log-format json`.</summary>
internal static class RuncLog
{
    public static string? LastError(string path) =>
        File.Exists(path) ? File.ReadLines(path).Select(Error).LastOrDefault(message => message is not null) : null;

    private static string? Error(string line)
    {
        try
        {
            using var document = JsonDocument.Parse(line);
            var entry = document.RootElement;
            return entry.GetProperty("level").GetString() is "error" or "fatal" ? entry.GetProperty("msg").GetString() : null;
        }
        catch (Exception e) when (e is JsonException or KeyNotFoundException)
        {
            return null;
        }
    }
}
