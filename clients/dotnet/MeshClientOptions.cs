namespace Mesh.Client;

/// <summary>Where Mesh is and who calls it.</summary>
public sealed record MeshClientOptions
{
    /// <summary>The API's address, for instance `http://127.0.0.1:8090`: gRPC over HTTP/2 without TLS, or `https://…`.</summary>
    public required Uri Address { get; init; }

    /// <summary>The bearer token; empty for calls that need none.</summary>
    public string Token { get; init; } = "";

    /// <summary>How long a call without a deadline of its own may take. Streams have none.</summary>
    public TimeSpan Timeout { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>The clock.</summary>
    public TimeProvider Time { get; init; } = TimeProvider.System;
}
