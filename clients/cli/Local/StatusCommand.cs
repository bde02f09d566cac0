using System.Globalization;
using System.Text.Json;
using Spectre.Console;

namespace Mesh.Cli.Local;

/// <summary><c>mesh local status</c>.</summary>
internal static class StatusCommand
{
    private const int NotUp = 3;
    private static readonly JsonSerializerOptions Indented = new(JsonSerializerDefaults.Web) { WriteIndented = true };

    public static int Run(bool json)
    {
        var folder = StackFolder.FromEnvironment();
        var status = SupervisorLock.Holder(folder) is null ? null : StackFolder.Read<StackStatus>(folder.StatusFile);
        if (json)
            Console.Out.WriteLine(JsonSerializer.Serialize(Describe(status), Indented));
        else if (status is null)
            Console.Out.WriteLine("The stack is not up.");
        else
            AnsiConsole.Write(Table(status));
        return status?.State == StackState.Up ? 0 : NotUp;
    }

    private static object Describe(StackStatus? status) => new
    {
        state = (status?.State ?? StackState.Stopped).ToString().ToLowerInvariant(),
        programs = (status?.Programs ?? []).Select(program => new
        {
            name = program.Name,
            state = program.State.ToString().ToLowerInvariant(),
            address = program.Address,
            pid = program.Pid,
            restarts = program.Restarts,
            since = program.Since,
        }),
    };

    private static Table Table(StackStatus status)
    {
        var table = new Table().Border(TableBorder.None).AddColumns("PROGRAM", "STATE", "ADDRESS", "PID", "RESTARTS", "SINCE");
        foreach (var program in status.Programs)
        {
            table.AddRow(
                program.Name,
                program.State.ToString().ToLowerInvariant(),
                program.Address,
                program.Pid?.ToString(CultureInfo.InvariantCulture) ?? "",
                program.Restarts.ToString(CultureInfo.InvariantCulture),
                program.Since.ToLocalTime().ToString("yyyy-MM-dd HH:mm:ss", CultureInfo.InvariantCulture));
        }

        return table;
    }
}
