namespace Mesh.ClickHouseHost;

/// <summary>The command line of the host.</summary>
/// <param name="DataFolder">Where the engine keeps its tables; made when missing. One process per folder.</param>
/// <param name="Port">The HTTP port on 127.0.0.1; 0 means any free one, to be read from the file <c>http_port</c> in the data folder.</param>
/// <param name="ConfigFile">The server's configuration; the one beside the program unless given.</param>
/// <param name="WatchStandardInput">Whether to end when standard input closes, as it does when the parent process dies.</param>
internal sealed record HostOptions(string DataFolder, int Port, string ConfigFile, bool WatchStandardInput)
{
    public const string Usage = """
        usage: Mesh.ClickHouseHost --data FOLDER [--port N] [--config FILE] [--watch-stdin]
        The library is taken from MESH_CLICKHOUSE_LIBRARY, or found by the system as libchdb.so.
        """;

    public string PortFile => Path.Combine(DataFolder, "http_port");

    /// <summary>Returns null when the arguments are not understood.</summary>
    public static HostOptions? Parse(string[] args)
    {
        var options = new HostOptions("", 0, Path.Combine(AppContext.BaseDirectory, "config.xml"), false);
        for (var i = 0; i < args.Length; i++)
        {
            var value = i + 1 < args.Length ? args[i + 1] : null;
            switch (args[i])
            {
                case "--watch-stdin":
                    options = options with { WatchStandardInput = true };
                    continue;
                case "--data" when value is not null:
                    options = options with { DataFolder = Path.GetFullPath(value) };
                    break;
                case "--config" when value is not null:
                    options = options with { ConfigFile = Path.GetFullPath(value) };
                    break;
                case "--port" when ushort.TryParse(value, out var port):
                    options = options with { Port = port };
                    break;
                default:
                    return null;
            }

            i++;
        }

        return options.DataFolder.Length > 0 ? options : null;
    }
}
