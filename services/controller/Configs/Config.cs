using Mesh.Common.Names;

namespace Mesh.Controller.Configs;

/// <summary>One version of an app's environment. Secrets are sealed.</summary>
public sealed record Config
{
    public string Tenant { get; init; } = "";
    public string App { get; init; } = "";
    public long Version { get; init; }
    public Dictionary<string, StoredVariable> Variables { get; init; } = [];
    public DateTimeOffset CreateTime { get; init; }

    public AppName AppName => new(Tenant, App);
}

/// <summary>A variable as it is kept: in clear, or sealed for this app and name.</summary>
public sealed record StoredVariable
{
    public string Value { get; init; } = "";
    public byte[]? Sealed { get; init; }
}

/// <summary>A variable as people give it.</summary>
public sealed record GivenVariable(string Value, bool Secret);
