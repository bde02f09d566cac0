namespace Mesh.Common.Consul;

/// <summary>One holding of a <see cref="LeaderLock"/>.</summary>
public sealed class LeaderClaim(ConsulClient consul, string key, string session)
{
    /// <summary>Asks Consul's leader whether the lock is still held. Ask after a number was taken and before it is committed.</summary>
    /// <exception cref="LeadershipLostException">Another one holds the lock, or nobody does.</exception>
    public async Task ConfirmAsync(CancellationToken cancellationToken)
    {
        if ((await consul.GetAsync(key, cancellationToken))?.Session != session)
            throw new LeadershipLostException(key);
    }
}

/// <summary>The lock was lost before its number was taken.</summary>
public sealed class LeadershipLostException(string key) : Exception($"The lock {key} is no longer held.");
