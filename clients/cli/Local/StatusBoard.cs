namespace Mesh.Cli.Local;

/// <summary>Collects what the programs report, and writes each change to the stack's status file.</summary>
internal sealed class StatusBoard
{
    private readonly Lock gate = new();
    private readonly string file;
    private readonly TimeProvider time;
    private StackStatus current;

    public StatusBoard(IReadOnlyList<StackProgram> programs, string file, TimeProvider time)
    {
        (this.file, this.time) = (file, time);
        var now = time.GetUtcNow();
        current = new StackStatus(
            StackState.Starting,
            null,
            [.. programs.Select(program => new ProgramStatus(program.Name, ProgramState.Waiting, program.Address, null, 0, now))]);
        Publish(current);
    }

    public StackStatus Current
    {
        get
        {
            lock (gate)
                return current;
        }
    }

    public void Report(string name, ProgramState state, int? pid)
    {
        lock (gate)
        {
            var programs = current.Programs.Select(program => program.Name == name ? Moved(program, state, pid) : program);
            Publish(current with { Programs = [.. programs] });
        }
    }

    public void Report(StackState state, string? failure = null)
    {
        lock (gate)
            Publish(current with { State = state, Failure = failure ?? current.Failure });
    }

    private ProgramStatus Moved(ProgramStatus program, ProgramState state, int? pid) => program with
    {
        State = state,
        Pid = pid,
        Restarts = program.Restarts + (state == ProgramState.Restarting ? 1 : 0),
        Since = time.GetUtcNow(),
    };

    private void Publish(StackStatus status)
    {
        current = status;
        StackFolder.Write(file, status);
    }
}
