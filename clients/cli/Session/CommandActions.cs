using System.CommandLine;
using Grpc.Core;
using Mesh.Client;

namespace Mesh.Cli.Session;

/// <summary>Runs a command's action and turns what goes wrong into one clear line and an exit code.</summary>
internal static class CommandActions
{
    public static Command Does(this Command command, Func<CommandContext, Task> action) => command.Does(async context =>
    {
        await action(context);
        return ExitCodes.Ok;
    });

    public static Command Does(this Command command, Func<CommandContext, Task<int>> action)
    {
        command.SetAction(async (parsed, cancellationToken) =>
        {
            using var context = new CommandContext(parsed, cancellationToken);
            try
            {
                return await action(context);
            }
            catch (CliException e)
            {
                await Console.Error.WriteLineAsync($"mesh: {e.Message}");
                return e.ExitCode;
            }
            catch (Exception e) when (cancellationToken.IsCancellationRequested && e is OperationCanceledException or RpcException { StatusCode: StatusCode.Cancelled })
            {
                return 130;
            }
            catch (RpcException e)
            {
                var error = MeshError.Of(e);
                await Console.Error.WriteLineAsync($"mesh: {Sentence(error)}");
                if (parsed.GetValue(GlobalOptions.Verbose))
                    await Console.Error.WriteLineAsync($"  code {error.Code}, reason {error.Reason}, request {error.RequestId}");
                return ExitCodes.Of(error.Code);
            }
            catch (Exception e) when (e is IOException or UnauthorizedAccessException)
            {
                await Console.Error.WriteLineAsync($"mesh: {e.Message}");
                return ExitCodes.Failure;
            }
        });
        return command;
    }

    /// <summary>An error as one line, with what the person can do about it.</summary>
    internal static string Sentence(MeshError error)
    {
        var text = error.Violations.Count > 0
            ? string.Join(" ", error.Violations.Select(v => v.Field.Length > 0 ? $"{v.Field}: {v.Description}" : v.Description))
            : error.Message;
        var hint = error.Code switch
        {
            StatusCode.Unauthenticated => " Sign in with `mesh login`.",
            StatusCode.Unavailable when error.Reason.Length == 0 => " Is Mesh running? See `mesh local status`.",
            StatusCode.ResourceExhausted when error.RetryAfter is { } wait => $" Try again in {wait.TotalSeconds:0.#} s.",
            _ => "",
        };
        var said = text.Contains("Sign in", StringComparison.Ordinal) || text.Contains("mesh login", StringComparison.Ordinal);
        return said ? text : text + hint;
    }
}
