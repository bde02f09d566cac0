using System.CommandLine;
using Mesh.Servers;

namespace Mesh.Cli.Local;

/// <summary>
/// <c>mesh local</c>: everything on one machine. The actions are synchronous, because the library ends asynchronous ones two seconds
/// after Ctrl-C, and stopping a stack takes longer.
/// </summary>
public static class LocalCommand
{
    /// <summary>Makes the command with its subcommands.</summary>
    public static Command Create() => new("local", "Run the whole of Mesh on this machine")
    {
        Up(),
        Down(),
        Status(),
        Logs(),
    };

    private static Command Up()
    {
        var detach = new Option<bool>("--detach", "-d") { Description = "Return when everything is up, and leave it running" };
        var supervise = new Option<bool>("--supervise") { Hidden = true };
        var command = new Command("up", "Start everything and keep it running until Ctrl-C") { detach, supervise };
        command.SetAction(parsed => Run(() =>
            parsed.GetValue(supervise) ? UpCommand.SuperviseAsync()
            : parsed.GetValue(detach) ? UpCommand.DetachAsync()
            : UpCommand.AttachAsync()));
        return command;
    }

    private static Command Down()
    {
        var command = new Command("down", "Stop everything; the data stays");
        command.SetAction(_ => Run(DownCommand.RunAsync));
        return command;
    }

    private static Command Status()
    {
        var output = new Option<string>("--output", "-o") { Description = "json or table", DefaultValueFactory = _ => "table" };
        var command = new Command("status", "Show what is running; exits with 3 when the stack is not up") { output };
        command.SetAction(parsed => Run(() => Task.FromResult(StatusCommand.Run(parsed.GetValue(output) == "json"))));
        return command;
    }

    private static Command Logs()
    {
        var program = new Argument<string?>("program") { Arity = ArgumentArity.ZeroOrOne, Description = "One program; all of them unless given" };
        var follow = new Option<bool>("--follow", "-f") { Description = "Go on with what is written from now on" };
        var lines = new Option<int>("--lines", "-n") { Description = "How many lines of the past", DefaultValueFactory = _ => 50 };
        var command = new Command("logs", "Show what the programs have logged") { program, follow, lines };
        command.SetAction(parsed => Run(() =>
            LogsCommand.RunAsync(parsed.GetValue(program), parsed.GetValue(lines), parsed.GetValue(follow))));
        return command;
    }

    private static int Run(Func<Task<int>> action)
    {
        try
        {
            return action().GetAwaiter().GetResult();
        }
        catch (Exception failure) when (failure is StackException or MissingPrerequisiteException)
        {
            Console.Error.WriteLine($"mesh: {failure.Message}");
            return 1;
        }
    }
}
