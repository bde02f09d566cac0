using Grpc.Core;
using Grpc.Core.Interceptors;
using Mesh.Auth.V1;
using Mesh.Common.Errors;

namespace Mesh.Common.Auth;

/// <summary>Authenticates each call and checks the demand that its contract states, before the handler runs.</summary>
internal sealed class AuthInterceptor(TokenAuthenticator authenticator, AccessRules rules, IRefusalLog? refusals = null) : Interceptor
{
    public override async Task<TResponse> UnaryServerHandler<TRequest, TResponse>(
        TRequest request, ServerCallContext context, UnaryServerMethod<TRequest, TResponse> continuation)
    {
        try
        {
            Check(request, context, await AuthenticateAsync(context));
        }
        // A tenant in which the caller has no role is NOT_FOUND for him.
        catch (MeshException e) when (refusals is not null && e.Code is (StatusCode.PermissionDenied or StatusCode.Unauthenticated or StatusCode.NotFound))
        {
            await refusals.NoteAsync(context, RequestTenant<TRequest>.NameIn(request), e.Code);
            throw;
        }
        return await continuation(request, context);
    }

    public override async Task ServerStreamingServerHandler<TRequest, TResponse>(
        TRequest request, IServerStreamWriter<TResponse> responseStream, ServerCallContext context,
        ServerStreamingServerMethod<TRequest, TResponse> continuation)
    {
        Check(request, context, await AuthenticateAsync(context));
        await continuation(request, responseStream, context);
    }

    public override async Task<TResponse> ClientStreamingServerHandler<TRequest, TResponse>(
        IAsyncStreamReader<TRequest> requestStream, ServerCallContext context, ClientStreamingServerMethod<TRequest, TResponse> continuation)
    {
        CheckStart(context, await AuthenticateAsync(context));
        return await continuation(requestStream, context);
    }

    public override async Task DuplexStreamingServerHandler<TRequest, TResponse>(
        IAsyncStreamReader<TRequest> requestStream, IServerStreamWriter<TResponse> responseStream, ServerCallContext context,
        DuplexStreamingServerMethod<TRequest, TResponse> continuation)
    {
        CheckStart(context, await AuthenticateAsync(context));
        await continuation(requestStream, responseStream, context);
    }

    private async ValueTask<Principal> AuthenticateAsync(ServerCallContext context)
    {
        var access = rules.For(context.Method) ?? throw MeshAuthorization.NotStated();
        // What is open to anyone is open to a stale token too: signing in again must not fail on it.
        var principal = access.Role is Role.Anyone
            ? Principal.Anonymous
            : await authenticator.AuthenticateAsync(context.GetHttpContext().Request.Headers.Authorization, context.CancellationToken);
        MeshAuthorization.Admit(context, principal, access);
        return principal;
    }

    private void Check<TRequest>(TRequest request, ServerCallContext context, Principal principal)
    {
        var access = rules.For(context.Method)!;
        var tenant = RequestTenant<TRequest>.Of(request);
        if (tenant is null && access.Role is >= Role.Viewer and <= Role.Owner && principal is { IsAnonymous: false, HoldsEverything: false })
            throw RequestTenant<TRequest>.Missing();
        principal.Demand(access, tenant);
    }

    /// <summary>A stream names its tenant later: the role there is checked by `context.Authorize` on the first message.</summary>
    private void CheckStart(ServerCallContext context, Principal principal)
    {
        var access = rules.For(context.Method)!;
        if (access.Role is Role.Operator or Role.Service) principal.Demand(access, tenant: null);
        else if (access.Role is not Role.Anyone && principal.IsAnonymous) principal.Demand(access, tenant: null);
    }
}
