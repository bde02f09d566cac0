using System.Globalization;

namespace Mesh.Servers;

/// <summary>A ClickHouse server whose data lies in a folder. At most one process may use a folder.</summary>
public sealed class ClickHouse(string folder)
{
    /// <summary>The port that the running server listens on; 0 as long as it does not.</summary>
    public int Port =>
        File.Exists(PortFile) && int.TryParse(File.ReadAllText(PortFile), CultureInfo.InvariantCulture, out var port) ? port : 0;

    private string PortFile => Path.Combine(folder, "http_port");

    /// <summary>The server; port 0 means any free one.</summary>
    public ServerCommand Command(int port)
    {
        var program = Repository.Program("Mesh.ClickHouseHost");
        if (!File.Exists(program))
            throw new MissingPrerequisiteException("the ClickHouse host is not built; run make build");
        return new ServerCommand(program, ["--data", folder, "--port", port.ToString(CultureInfo.InvariantCulture)])
        {
            Environment = new Dictionary<string, string> { ["MESH_CLICKHOUSE_LIBRARY"] = Tools.Require("clickhouse") },
        };
    }
}
