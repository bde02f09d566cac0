namespace Grpc.Core;

/// <summary>Accepts or refuses a server beyond the usual checks of its certificate.</summary>
public delegate bool VerifyPeerCallback(VerifyPeerContext context);

/// <summary>The server to accept or refuse.</summary>
public class VerifyPeerContext
{
    internal VerifyPeerContext(string targetName, string peerPem) => (TargetName, PeerPem) = (targetName, peerPem);

    /// <summary>The name that was dialled.</summary>
    public string TargetName { get; }

    /// <summary>The server's certificate.</summary>
    public string PeerPem { get; }
}

/// <summary>A certificate with its key, both PEM.</summary>
public sealed class KeyCertificatePair
{
    /// <summary>Pairs a certificate chain with its private key.</summary>
    public KeyCertificatePair(string certificateChain, string privateKey)
    {
        ArgumentNullException.ThrowIfNull(certificateChain);
        ArgumentNullException.ThrowIfNull(privateKey);
        (CertificateChain, PrivateKey) = (certificateChain, privateKey);
    }

    /// <summary>The certificate, followed by those that vouch for it.</summary>
    public string CertificateChain { get; }

    /// <summary>The private key.</summary>
    public string PrivateKey { get; }
}

/// <summary>TLS, with roots, a client certificate and a check of one's own where given.</summary>
public sealed class SslCredentials : ChannelCredentials
{
    private readonly VerifyPeerCallback? _verifyPeerCallback;

    /// <summary>TLS that trusts what the system trusts.</summary>
    public SslCredentials()
        : this(null, null, null)
    {
    }

    /// <summary>TLS that trusts these roots, PEM.</summary>
    public SslCredentials(string? rootCertificates)
        : this(rootCertificates, null, null)
    {
    }

    /// <summary>TLS with a client certificate.</summary>
    public SslCredentials(string? rootCertificates, KeyCertificatePair? keyCertificatePair)
        : this(rootCertificates, keyCertificatePair, null)
    {
    }

    /// <summary>TLS with a client certificate and a check of the server of one's own.</summary>
    public SslCredentials(string? rootCertificates, KeyCertificatePair? keyCertificatePair, VerifyPeerCallback? verifyPeerCallback) =>
        (RootCertificates, KeyCertificatePair, _verifyPeerCallback) = (rootCertificates, keyCertificatePair, verifyPeerCallback);

    /// <summary>The trusted roots, PEM; null for the system's.</summary>
    public string? RootCertificates { get; }

    /// <summary>The client's certificate; null for none.</summary>
    public KeyCertificatePair? KeyCertificatePair { get; }

    internal override bool IsComposable => true;

    /// <inheritdoc />
    public override void InternalPopulateConfiguration(ChannelCredentialsConfiguratorBase configurator, object? state) =>
        configurator.SetSslCredentials(state, RootCertificates, KeyCertificatePair, _verifyPeerCallback);
}
