namespace Mesh.Common.Errors;

/// <summary>One wrong field of a request: its path and what is wrong with it, in a full sentence.</summary>
public sealed record FieldViolation(string Field, string Description);
