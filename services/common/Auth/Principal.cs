using System.Collections.Frozen;
using Mesh.Auth.V1;

namespace Mesh.Common.Auth;

/// <summary>Who makes a call and what he may do where.</summary>
public sealed class Principal
{
    /// <summary>A caller without a token.</summary>
    public static Principal Anonymous { get; } = new() { Subject = "" };

    /// <summary>Whom the audit log names: `users/…`, `services/builder`; empty for an anonymous caller.</summary>
    public required string Subject { get; init; }

    /// <summary>The name of the program when the caller is one of Mesh's own; otherwise null.</summary>
    public string? Service { get; init; }

    /// <summary>Whether the caller runs the platform.</summary>
    public bool IsOperator { get; init; }

    /// <summary>The caller's roles, by tenant id.</summary>
    public IReadOnlyDictionary<string, Role> Roles { get; init; } = FrozenDictionary<string, Role>.Empty;

    public bool IsAnonymous => Subject.Length == 0;

    public bool IsService => Service is not null;

    /// <summary>Operators and Mesh's own programs hold every role in every tenant.</summary>
    public bool HoldsEverything => IsOperator || IsService;

    /// <summary>The caller's role in a tenant; UNSPECIFIED when he has none there.</summary>
    public Role RoleIn(string tenant) => HoldsEverything ? Role.Owner : Roles.GetValueOrDefault(tenant);

    /// <summary>Whether a tenant exists for the caller: he has some role there.</summary>
    public bool MaySee(string tenant) => RoleIn(tenant) != Role.Unspecified;
}
