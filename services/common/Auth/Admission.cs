using System.Collections.Concurrent;
using Grpc.Core;
using Mesh.Auth.V1;
using Mesh.Common.Errors;

namespace Mesh.Common.Auth;

/// <summary>What the caller of an open stream was admitted for: his token, and the demands that he met.</summary>
internal sealed class Admission(TokenAuthenticator authenticator, string authorization)
{
    private static readonly object s_key = new();
    private readonly ConcurrentDictionary<(string Permission, Role Role, string Tenant), Access> _met = new();

    /// <summary>Notes from now on what the caller of this call meets.</summary>
    public void Attach(ServerCallContext context) => context.UserState[s_key] = this;

    /// <summary>Notes a demand that the caller has met; does nothing for a call that is not asked about again.</summary>
    public static void Note(ServerCallContext context, Access access, string? tenant)
    {
        if (context.UserState.TryGetValue(s_key, out var value))
            ((Admission)value)._met.TryAdd((access.Permission, access.Role, tenant ?? ""), access);
    }

    /// <summary>
    /// Asks again whether the caller may. Answers why he may not any more, and null where he may or where nobody can tell now:
    /// a controller that is away ends no stream.
    /// </summary>
    public async Task<MeshException?> AskAgainAsync(CancellationToken cancellationToken)
    {
        try
        {
            var principal = await authenticator.AuthenticateAsync(authorization, cancellationToken);
            foreach (var ((_, _, tenant), access) in _met)
                principal.Demand(access, tenant.Length == 0 ? null : tenant);
            return null;
        }
        catch (MeshException e) when (e.Code is StatusCode.Unauthenticated or StatusCode.PermissionDenied)
        {
            return e;
        }
        catch (MeshException e) when (e.Code is StatusCode.NotFound)
        {
            // He has been in the tenant: that it exists is no secret to him.
            return MeshException.PermissionDenied("ROLE_TAKEN_AWAY", "You have no role in this tenant any more.");
        }
        catch (Exception) when (!cancellationToken.IsCancellationRequested)
        {
            return null;
        }
    }
}
