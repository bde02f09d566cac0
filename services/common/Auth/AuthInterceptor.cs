using Grpc.Core;
using Grpc.Core.Interceptors;
using Mesh.Auth.V1;
using Mesh.Common.Errors;

namespace Mesh.Common.Auth;

/// <summary>
/// Authenticates each call and checks the demand that its contract states, before the handler runs; while a stream runs, again and again.
/// </summary>
internal sealed class AuthInterceptor(
    TokenAuthenticator authenticator, AccessRules rules, StreamChecks checks, TimeProvider time, IRefusalLog? refusals = null) : Interceptor
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
        var principal = await AuthenticateAsync(context);
        using var guard = StreamGuard.Over(context, authenticator, checks, time);
        Check(request, context, principal);
        if (guard is null)
        {
            await continuation(request, responseStream, context);
            return;
        }
        using var writer = new GuardedWriter<TResponse>(responseStream, guard);
        await guard.RunAsync(() => continuation(request, writer, guard.Context));
    }

    public override async Task<TResponse> ClientStreamingServerHandler<TRequest, TResponse>(
        IAsyncStreamReader<TRequest> requestStream, ServerCallContext context, ClientStreamingServerMethod<TRequest, TResponse> continuation)
    {
        var principal = await AuthenticateAsync(context);
        using var guard = StreamGuard.Over(context, authenticator, checks, time);
        CheckStart(context, principal);
        return guard is null ? await continuation(requestStream, context) : await guard.RunAsync(() => continuation(requestStream, guard.Context));
    }

    public override async Task DuplexStreamingServerHandler<TRequest, TResponse>(
        IAsyncStreamReader<TRequest> requestStream, IServerStreamWriter<TResponse> responseStream, ServerCallContext context,
        DuplexStreamingServerMethod<TRequest, TResponse> continuation)
    {
        var principal = await AuthenticateAsync(context);
        using var guard = StreamGuard.Over(context, authenticator, checks, time);
        CheckStart(context, principal);
        if (guard is null)
        {
            await continuation(requestStream, responseStream, context);
            return;
        }
        using var writer = new GuardedWriter<TResponse>(responseStream, guard);
        await guard.RunAsync(() => continuation(requestStream, writer, guard.Context));
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
        context.Demand(principal, access, tenant);
    }

    /// <summary>A stream names its tenant later: the role there is checked by `context.Authorize` on the first message.</summary>
    private void CheckStart(ServerCallContext context, Principal principal)
    {
        var access = rules.For(context.Method)!;
        if (access.Role is Role.Operator or Role.Service || access.Role is not Role.Anyone && principal.IsAnonymous)
            context.Demand(principal, access, tenant: null);
    }
}
