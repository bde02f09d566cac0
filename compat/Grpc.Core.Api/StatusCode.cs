namespace Grpc.Core;

/// <summary>How a call ended. The numbers are those of the wire.</summary>
public enum StatusCode
{
    /// <summary>It succeeded.</summary>
    OK = 0,

    /// <summary>The caller gave it up.</summary>
    Cancelled = 1,

    /// <summary>It failed and nothing says how.</summary>
    Unknown = 2,

    /// <summary>The request is wrong, whatever the state of the system.</summary>
    InvalidArgument = 3,

    /// <summary>It did not end in time; it may have taken effect.</summary>
    DeadlineExceeded = 4,

    /// <summary>What the request names does not exist.</summary>
    NotFound = 5,

    /// <summary>What the request would create exists.</summary>
    AlreadyExists = 6,

    /// <summary>The caller is known and may not do it.</summary>
    PermissionDenied = 7,

    /// <summary>A quota or a queue is full.</summary>
    ResourceExhausted = 8,

    /// <summary>The system's state does not allow it; trying again as it is will not help.</summary>
    FailedPrecondition = 9,

    /// <summary>Somebody else came first; reading again and trying anew may help.</summary>
    Aborted = 10,

    /// <summary>The request goes past what there is.</summary>
    OutOfRange = 11,

    /// <summary>The server does not offer it.</summary>
    Unimplemented = 12,

    /// <summary>The server is at fault.</summary>
    Internal = 13,

    /// <summary>The server cannot be reached now; the same call may succeed later.</summary>
    Unavailable = 14,

    /// <summary>Data is lost or damaged.</summary>
    DataLoss = 15,

    /// <summary>The caller did not prove who it is.</summary>
    Unauthenticated = 16,
}
