namespace Grpc.Core;

/// <summary>A client's way to one target, over as many connections as it needs.</summary>
public abstract class ChannelBase
{
    /// <summary>Makes a channel to the target.</summary>
    protected ChannelBase(string target)
    {
        ArgumentNullException.ThrowIfNull(target);
        Target = target;
    }

    /// <summary>The target as it was given.</summary>
    public string Target { get; }

    /// <summary>Makes an invoker that calls through this channel.</summary>
    public abstract CallInvoker CreateCallInvoker();

    /// <summary>Shuts the channel down, if its kind does so; disposing it is the sure way.</summary>
    public Task ShutdownAsync() => ShutdownAsyncCore();

    /// <summary>What shutting down means for this kind of channel.</summary>
    protected virtual Task ShutdownAsyncCore() => Task.CompletedTask;

    internal static CallInvoker InvokerOf(ChannelBase channel)
    {
        ArgumentNullException.ThrowIfNull(channel);
        return channel.CreateCallInvoker();
    }
}
