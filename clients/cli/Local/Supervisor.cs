namespace Mesh.Cli.Local;

/// <summary>Starts the programs of a stack, keeps them running, and stops them stage by stage in the reverse order.</summary>
internal sealed class Supervisor(IReadOnlyList<StackProgram> programs, StackFolder folder, StatusBoard board, TimeProvider time)
{
    private static readonly TimeSpan StartLimit = TimeSpan.FromMinutes(2);

    /// <summary>Runs the stack until it is asked to stop.</summary>
    /// <param name="started">Called when all programs have served.</param>
    /// <param name="stop">Asks for an orderly stop.</param>
    /// <exception cref="StackException">A program did not become ready; what was started has been stopped again.</exception>
    public async Task RunAsync(Action started, CancellationToken stop)
    {
        var stages = new Stack<List<SupervisedProgram>>();
        try
        {
            // The stores come first, so that nobody's first look at them is in vain. All others find each other, in whatever order
            // they come up, as they do on a cluster.
            foreach (var stage in programs.GroupBy(program => program.Stage).OrderBy(group => group.Key))
            {
                stages.Push([.. stage.Select(program => new SupervisedProgram(program, folder, board, time))]);
                foreach (var program in stages.Peek())
                    program.Start();
                if (stage.Key == StackProgram.Stores)
                    await ReadyAsync(stages.Peek(), stop);
            }

            foreach (var stage in stages)
                await ReadyAsync(stage, stop);
            board.Report(StackState.Up);
            started();
            await Task.Delay(Timeout.InfiniteTimeSpan, time, stop);
        }
        catch (OperationCanceledException) when (stop.IsCancellationRequested)
        {
            // The orderly end of every stack.
        }
        catch (StackException failure)
        {
            board.Report(StackState.Failed, failure.Message);
            throw;
        }
        finally
        {
            if (board.Current.State != StackState.Failed)
                board.Report(StackState.Stopping);
            while (stages.TryPop(out var stage))
                await StopAsync(stage);
        }
    }

    private async Task ReadyAsync(List<SupervisedProgram> stage, CancellationToken stop)
    {
        foreach (var program in stage)
        {
            try
            {
                await program.Ready.WaitAsync(StartLimit, time, stop);
            }
            catch (Exception failure) when (failure is not OperationCanceledException)
            {
                throw new StackException(
                    $"{program.Program.Name} does not start: {Reason(failure)}; its log is {folder.LogFile(program.Program.Name)}");
            }
        }
    }

    private static async Task StopAsync(List<SupervisedProgram> stage)
    {
        await Task.WhenAll(stage.Select(program => program.StopAsync()));
        foreach (var program in stage)
            program.Dispose();
    }

    private static string Reason(Exception failure) =>
        failure is TimeoutException ? $"not ready after {StartLimit.TotalSeconds:F0} s" : failure.Message;
}
