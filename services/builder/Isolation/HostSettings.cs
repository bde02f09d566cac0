namespace Mesh.Builder.Isolation;

/// <summary>
/// What package managers need of the host to reach their registries, for builds that may use its network. Only these names are passed on:
/// nothing of the platform's own environment reaches a build.
/// </summary>
public static class HostSettings
{
    private const string Certificates = "/etc/ssl/certs/ca-certificates.crt";

    private static readonly HashSet<string> Names = new(StringComparer.OrdinalIgnoreCase)
    {
        "HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY", "ALL_PROXY", "NPM_CONFIG_REGISTRY", "PIP_INDEX_URL", "PIP_EXTRA_INDEX_URL", "PIP_DEFAULT_TIMEOUT",
        "NUGET_CERT_REVOCATION_MODE",
    };

    public static IEnumerable<KeyValuePair<string, string>> Environment(BuildNetwork network) => network == BuildNetwork.None
        ? []
        : ChildProcess.OwnEnvironment().Where(pair => Names.Contains(pair.Key)).Concat(
        [
            new("SSL_CERT_FILE", Certificates), new("NODE_EXTRA_CA_CERTS", Certificates), new("PIP_CERT", Certificates),
        ]);

    public static IEnumerable<Bind> Binds(BuildNetwork network) => network == BuildNetwork.None
        ? []
        : new[] { Certificates, "/etc/resolv.conf", "/etc/hosts" }.Where(File.Exists).Select(file => new Bind(file, file, IsWritable: false));
}
