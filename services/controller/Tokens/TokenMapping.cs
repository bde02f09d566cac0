using Google.Protobuf.WellKnownTypes;
using Mesh.Common.Auth;

namespace Mesh.Controller.Tokens;

internal static class TokenMapping
{
    public static string NameOf(Token token) => $"tenants/{token.Tenant}/tokens/{token.Uid}";

    public static V1.Token ToWire(this Token token) => new()
    {
        Name = NameOf(token),
        Member = $"tenants/{token.Tenant}/members/{token.Member}",
        DisplayName = token.DisplayName,
        ExpireTime = token.ExpireTime?.ToTimestamp(),
        CreateTime = token.CreateTime.ToTimestamp(),
        LastUseTime = token.LastUseTime?.ToTimestamp(),
        Prefix = token.Prefix,
    };

    public static V1.Caller ToWire(this Principal principal) => new()
    {
        Subject = principal.Subject,
        Operator = principal.IsOperator,
        Memberships = { principal.Roles.Select(r => new V1.Membership { Tenant = $"tenants/{r.Key}", Role = r.Value }) },
    };
}
