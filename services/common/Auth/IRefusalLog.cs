using Grpc.Core;

namespace Mesh.Common.Auth;

/// <summary>Hears of calls that are refused for want of a token or a role. A service that keeps an audit log registers one.</summary>
public interface IRefusalLog
{
    /// <summary>Notes a refusal. It must not throw: the caller is refused whether or not it can be noted.</summary>
    /// <param name="context">The call, with its principal as far as it is known.</param>
    /// <param name="name">The first name in the request; empty when there is none.</param>
    /// <param name="code">What the caller is answered.</param>
    Task NoteAsync(ServerCallContext context, string name, StatusCode code);
}
