using Spectre.Console;
using Spectre.Console.Rendering;

namespace Mesh.Cli.Local;

/// <summary>Shows a stack coming up or going down: a table that changes on a terminal, one line for each change elsewhere.</summary>
internal static class ProgressView
{
    private static readonly TimeSpan Interval = TimeSpan.FromMilliseconds(100);

    /// <summary>Shows snapshots until there is nothing more to come.</summary>
    /// <param name="read">The latest snapshot; null when there is none.</param>
    /// <param name="isOver">Whether the snapshot read next is the last one to be shown.</param>
    public static async Task FollowAsync(Func<StackStatus?> read, Func<StackStatus?, bool> isOver)
    {
        if (Console.IsOutputRedirected)
            await FollowAsync(read, isOver, new LineWriter().Show);
        else
            await AnsiConsole.Live(new Text("")).StartAsync(context => FollowAsync(read, isOver, status =>
            {
                context.UpdateTarget(Table(status));
                context.Refresh();
            }));
    }

    private static async Task FollowAsync(Func<StackStatus?> read, Func<StackStatus?, bool> isOver, Action<StackStatus> show)
    {
        while (true)
        {
            var status = read();
            var over = isOver(status);
            if (status is not null)
                show(status);
            if (over)
                return;
            await Task.Delay(Interval);
        }
    }

    internal static IRenderable Table(StackStatus status)
    {
        var table = new Table().Border(TableBorder.None).HideHeaders().AddColumns("", "", "");
        foreach (var program in status.Programs)
            table.AddRow($"  {Mark(program.State)}", program.Name, $"[dim]{Words(program).EscapeMarkup()}[/]");
        return table;
    }

    private static string Mark(ProgramState state) => state switch
    {
        ProgramState.Ready => "[green]●[/]",
        ProgramState.Starting or ProgramState.Stopping => "[yellow]●[/]",
        ProgramState.Restarting => "[red]●[/]",
        _ => "[dim]○[/]",
    };

    private static string Words(ProgramStatus program) =>
        program.State == ProgramState.Ready ? $"ready at {program.Address}" : program.State.ToString().ToLowerInvariant();

    /// <summary>Writes a line for each program whose state has changed.</summary>
    private sealed class LineWriter
    {
        private readonly Dictionary<string, ProgramState> shown = [];

        public void Show(StackStatus status)
        {
            foreach (var program in status.Programs.Where(program => IsNews(program, status.State)))
                Console.Out.WriteLine($"{program.Name,-12}{Words(program)}");
        }

        private bool IsNews(ProgramStatus program, StackState stack)
        {
            var known = shown.TryGetValue(program.Name, out var last);
            shown[program.Name] = program.State;
            if (known)
                return last != program.State;
            return program.State != ProgramState.Waiting && !(stack == StackState.Stopping && program.State == ProgramState.Ready);
        }
    }
}
