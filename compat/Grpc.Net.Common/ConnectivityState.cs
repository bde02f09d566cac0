namespace Grpc.Core;

/// <summary>How a channel's connection stands.</summary>
public enum ConnectivityState
{
    /// <summary>Not connected, and nobody asks for it.</summary>
    Idle = 0,

    /// <summary>Being connected.</summary>
    Connecting = 1,

    /// <summary>Connected.</summary>
    Ready = 2,

    /// <summary>Failed, to be tried again after a pause.</summary>
    TransientFailure = 3,

    /// <summary>Closed for good.</summary>
    Shutdown = 4,
}
