namespace Mesh.Registry.Repositories;

/// <summary>A named set of images and what it holds.</summary>
public sealed record Repository(RepositoryPath Path, long ManifestCount, long SizeBytes, DateTimeOffset CreateTime, DateTimeOffset UpdateTime);
