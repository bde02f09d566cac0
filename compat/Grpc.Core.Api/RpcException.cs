namespace Grpc.Core;

/// <summary>Thrown when a call ends with anything but success; thrown by a handler to end its call so.</summary>
public class RpcException : Exception
{
    /// <summary>Ends with the status.</summary>
    public RpcException(Status status)
        : this(status, [], status.ToString())
    {
    }

    /// <summary>Ends with the status; the message stays on this side.</summary>
    public RpcException(Status status, string message)
        : this(status, [], message)
    {
    }

    /// <summary>Ends with the status and trailers.</summary>
    public RpcException(Status status, Metadata trailers)
        : this(status, trailers, status.ToString())
    {
    }

    /// <summary>Ends with the status and trailers; the message stays on this side.</summary>
    public RpcException(Status status, Metadata trailers, string message)
        : base(message, status.DebugException)
    {
        ArgumentNullException.ThrowIfNull(trailers);
        (Status, Trailers) = (status, trailers);
    }

    /// <summary>The outcome.</summary>
    public Status Status { get; }

    /// <summary>The outcome's code.</summary>
    public StatusCode StatusCode => Status.StatusCode;

    /// <summary>The trailers that came or go with the outcome.</summary>
    public Metadata Trailers { get; }
}
