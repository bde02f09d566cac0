namespace Mesh.Common.Health;

/// <summary>One thing that must hold before a server takes calls, for instance that its schema is up to date.</summary>
public sealed class HealthCondition
{
    private readonly ServerHealth _health;
    private volatile string _problem = "not yet";

    internal HealthCondition(ServerHealth health, string name) => (_health, Name) = (health, name);

    public string Name { get; }

    public bool IsMet => _problem.Length == 0;

    /// <summary>Why the condition does not hold; empty when it does.</summary>
    public string Problem => _problem;

    public void Meet() => Set("");

    public void Fail(string problem) => Set(problem);

    private void Set(string problem)
    {
        if (_problem == problem) return;
        _problem = problem;
        _health.Changed();
    }
}
