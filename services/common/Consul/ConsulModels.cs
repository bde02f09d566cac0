namespace Mesh.Common.Consul;

/// <summary>A service that answers: where it is and which instance it is.</summary>
public sealed record ServiceInstance(string Id, string Address, int Port);

/// <summary>What was asked for, and the index by which a later question waits for a change.</summary>
public sealed record Indexed<T>(T Value, ulong Index);

/// <summary>An entry of the key-value store.</summary>
/// <param name="Key">Its key.</param>
/// <param name="Value">Its bytes.</param>
/// <param name="ModifyIndex">Grows with every change in the whole store; the operand of compare-and-set.</param>
/// <param name="LockIndex">How often the key has been locked.</param>
/// <param name="Session">The session that holds the lock; null when none does.</param>
public sealed record KeyValue(string Key, byte[] Value, ulong ModifyIndex, ulong LockIndex, string? Session);

/// <summary>What an instance tells Consul about itself.</summary>
public sealed record ServiceRegistration(string Id, string Name, string Address, int Port)
{
    public IReadOnlyDictionary<string, string> Meta { get; init; } = new Dictionary<string, string>();
}
