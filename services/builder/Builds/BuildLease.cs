namespace Mesh.Builder.Builds;

/// <summary>The right to work on a build. Every change that its holder makes is checked against it.</summary>
public sealed record BuildLease(Guid Build, string Tenant, Guid Holder);

/// <summary>Somebody else has the build, or it was cancelled: whatever was being done must stop without a trace.</summary>
public sealed class LeaseLostException() : Exception("The build is not ours any more.");
