namespace Mesh.Common.Postgres;

/// <summary>Opens once the schema is up to date; until then every transaction waits here.</summary>
public sealed class SchemaReadiness
{
    private readonly TaskCompletionSource _ready = new(TaskCreationOptions.RunContinuationsAsynchronously);

    /// <summary>A gate that is open from the start, for a schema that somebody else keeps.</summary>
    public static SchemaReadiness Open()
    {
        var gate = new SchemaReadiness();
        gate.Set();
        return gate;
    }

    internal void Set() => _ready.TrySetResult();

    public Task WaitAsync(CancellationToken cancellationToken) =>
        _ready.Task.IsCompleted ? Task.CompletedTask : _ready.Task.WaitAsync(cancellationToken);
}
