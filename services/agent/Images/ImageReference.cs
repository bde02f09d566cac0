using System.Text.RegularExpressions;

namespace Mesh.Agent.Images;

/// <summary>An image by digest: `{tenant}/{repository}@sha256:{hex}`.</summary>
public sealed partial record ImageReference(string Tenant, string Repository, string Digest)
{
    public string RepositoryName => $"tenants/{Tenant}/repositories/{Repository}";

    public static ImageReference Parse(string value) => Pattern().Match(value) is { Success: true } match
        ? new(match.Groups[1].Value, match.Groups[2].Value, match.Groups[3].Value)
        : throw new ImageException($"\"{value}\" is not an image by digest (tenant/repository@sha256:hex).");

    public override string ToString() => $"{Tenant}/{Repository}@{Digest}";

    [GeneratedRegex("^([a-z][a-z0-9-]*)/([a-z0-9][a-z0-9._/-]*)@(sha256:[0-9a-f]{64})$")]
    private static partial Regex Pattern();
}
