using Google.Protobuf.WellKnownTypes;
using Grpc.Core;
using Mesh.Common.Auth;
using Mesh.Common.Errors;
using Mesh.Common.Names;
using Mesh.Common.Paging;
using Mesh.Controller.Audit;
using Mesh.Controller.Members;

namespace Mesh.Controller.Tokens;

/// <summary>mesh.controller.v1.TokenService.</summary>
public sealed class TokenService(TokenStore store, TokenCache cache, TimeProvider time) : V1.TokenService.TokenServiceBase
{
    /// <summary>The year 10000 in seconds since 1970.</summary>
    private const long EndOfTime = 253_402_300_800;

    public override async Task<V1.CreateTokenResponse> CreateToken(V1.CreateTokenRequest request, ServerCallContext context)
    {
        var tenant = TenantName.Parse(request.Parent, "parent").Tenant;
        var given = request.Token ?? throw MeshException.InvalidArgument("token", "A token is required.");
        var member = MemberName.Parse(given.Member, "token.member");
        if (member.Tenant != tenant) throw MeshException.InvalidArgument("token.member", "The member must be of the same tenant.");
        if (given.ExpireTime is { } end && (end.Seconds is <= 0 or >= EndOfTime || end.Nanos is < 0 or > 999_999_999))
            throw MeshException.InvalidArgument("token.expire_time", "The time must lie in the future and before the year 10000.");
        var expireTime = given.ExpireTime?.ToDateTimeOffset();
        if (expireTime <= time.GetUtcNow()) throw MeshException.InvalidArgument("token.expire_time", "The time must lie in the future.");
        var secret = Token.NewSecret();
        var token = await store.CreateAsync(new Token
        {
            Uid = Guid.CreateVersion7(time.GetUtcNow()),
            Tenant = tenant,
            Member = member.Member,
            Hash = TokenHash.Of(secret),
            Prefix = Token.PrefixOf(secret),
            DisplayName = Limits.DisplayName(given.DisplayName, "token.display_name"),
            ExpireTime = expireTime,
        }, context.Principal().RoleIn(tenant), Actor.Of(context), context.CancellationToken);
        return new V1.CreateTokenResponse { Token = token.ToWire(), Secret = secret };
    }

    public override async Task<V1.ListTokensResponse> ListTokens(V1.ListTokensRequest request, ServerCallContext context)
    {
        var tenant = TenantName.Parse(request.Parent, "parent").Tenant;
        var size = PageToken.Size(request.PageSize);
        var before = PageToken.Decode(request.PageToken, tenant) is { } position ? Guid.Parse(position) : (Guid?)null;
        var tokens = await store.ListAsync(tenant, before, size, context.CancellationToken);
        var response = new V1.ListTokensResponse { Tokens = { tokens.Select(t => t.ToWire()) } };
        if (tokens.Count == size) response.NextPageToken = PageToken.Encode(tokens[^1].Uid.ToString(), tenant);
        return response;
    }

    public override async Task<V1.RevokeTokenResponse> RevokeToken(V1.RevokeTokenRequest request, ServerCallContext context)
    {
        if (request.Name.Split('/') is not ["tenants", var tenant, "tokens", var id] || !Guid.TryParse(id, out var uid))
            throw MeshException.InvalidArgument("name", "The name must have the form `tenants/*/tokens/*`.");
        cache.Forget(await store.RevokeAsync(tenant, uid, Actor.Of(context), context.CancellationToken));
        return new V1.RevokeTokenResponse();
    }

    public override Task<V1.GetCallerResponse> GetCaller(V1.GetCallerRequest request, ServerCallContext context) =>
        Task.FromResult(new V1.GetCallerResponse { Caller = context.Principal().ToWire() });

    public override async Task<V1.ResolveTokenResponse> ResolveToken(V1.ResolveTokenRequest request, ServerCallContext context)
    {
        var token = await store.ResolveAsync(request.TokenHash, context.CancellationToken)
            ?? throw MeshException.Unauthenticated("TOKEN_UNKNOWN", "The token is unknown or revoked.");
        if (token.ExpireTime <= time.GetUtcNow()) throw MeshException.Unauthenticated("TOKEN_EXPIRED", "The token has expired.");
        return new V1.ResolveTokenResponse { Caller = token.Principal.ToWire(), ExpireTime = token.ExpireTime?.ToTimestamp() };
    }
}
