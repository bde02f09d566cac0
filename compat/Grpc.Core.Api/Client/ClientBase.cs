namespace Grpc.Core;

/// <summary>Base of generated clients that cannot name another host.</summary>
public abstract class LiteClientBase
{
    /// <summary>For mocking only: every call on such a client fails.</summary>
    protected LiteClientBase() => CallInvoker = NoCallInvoker.Instance;

    /// <summary>Makes a client that calls through the channel.</summary>
    protected LiteClientBase(ChannelBase channel)
        : this(ChannelBase.InvokerOf(channel))
    {
    }

    /// <summary>Makes a client that calls through the invoker.</summary>
    protected LiteClientBase(CallInvoker callInvoker)
    {
        ArgumentNullException.ThrowIfNull(callInvoker);
        CallInvoker = callInvoker;
    }

    /// <summary>Starts this client's calls.</summary>
    protected CallInvoker CallInvoker { get; }
}

/// <summary>Base of generated clients.</summary>
public abstract class ClientBase
{
    /// <summary>For mocking only: every call on such a client fails.</summary>
    protected ClientBase()
        : this(NoCallInvoker.Instance)
    {
    }

    /// <summary>Makes a client of another one's configuration.</summary>
    protected ClientBase(ClientBaseConfiguration configuration)
    {
        ArgumentNullException.ThrowIfNull(configuration);
        Configuration = configuration;
        CallInvoker = configuration.CreateInvoker();
    }

    /// <summary>Makes a client that calls through the channel.</summary>
    protected ClientBase(ChannelBase channel)
        : this(ChannelBase.InvokerOf(channel))
    {
    }

    /// <summary>Makes a client that calls through the invoker.</summary>
    protected ClientBase(CallInvoker callInvoker)
        : this(new ClientBaseConfiguration(callInvoker, null))
    {
    }

    /// <summary>Starts this client's calls.</summary>
    protected CallInvoker CallInvoker { get; }

    internal ClientBaseConfiguration Configuration { get; }

    /// <summary>What a client is made of, from which its variants are made.</summary>
    protected internal class ClientBaseConfiguration
    {
        private readonly CallInvoker _invoker;
        private readonly string? _host;

        internal ClientBaseConfiguration(CallInvoker invoker, string? host)
        {
            ArgumentNullException.ThrowIfNull(invoker);
            (_invoker, _host) = (invoker, host);
        }

        internal CallInvoker CreateInvoker() => _host is null ? _invoker : new HostCallInvoker(_invoker, _host);

        internal ClientBaseConfiguration WithHost(string? host) => new(_invoker, host);
    }
}

/// <summary>Base of generated clients, knowing the client's own type.</summary>
public abstract class ClientBase<T> : ClientBase
    where T : ClientBase<T>
{
    /// <summary>Makes a client that calls through the channel.</summary>
    public ClientBase(ChannelBase channel)
        : base(channel)
    {
    }

    /// <summary>Makes a client that calls through the invoker.</summary>
    public ClientBase(CallInvoker callInvoker)
        : base(callInvoker)
    {
    }

    /// <summary>For mocking only: every call on such a client fails.</summary>
    protected ClientBase()
    {
    }

    /// <summary>Makes a client of another one's configuration.</summary>
    protected ClientBase(ClientBaseConfiguration configuration)
        : base(configuration)
    {
    }

    /// <summary>The same client with the :authority of its calls set to the host.</summary>
    public T WithHost(string host) => NewInstance(Configuration.WithHost(host));

    /// <summary>Makes a client of this type.</summary>
    protected abstract T NewInstance(ClientBaseConfiguration configuration);
}
