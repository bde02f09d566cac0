using Mesh.Common.Errors;

namespace Mesh.Scheduler.Reconciling;

/// <summary>Whether this scheduler leads, and its term if so.</summary>
public sealed class Leadership
{
    private volatile LeaderTerm? _current;

    public LeaderTerm? Current => _current;

    /// <summary>The present term.</summary>
    /// <exception cref="MeshException">UNAVAILABLE (`NOT_LEADER`): clients try another scheduler.</exception>
    public LeaderTerm Require() => _current ?? throw NotLeader();

    public static MeshException NotLeader() =>
        MeshException.Unavailable("NOT_LEADER", "This scheduler does not lead. Try another one.", TimeSpan.FromMilliseconds(500));

    internal void Begin(LeaderTerm term) => _current = term;

    internal void End() => _current = null;
}
