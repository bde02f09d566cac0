namespace Mesh.Builder.Git;

/// <summary>One reference of a push: from which commit to which.</summary>
public sealed record PushedRef(string Old, string New, string Name)
{
    private const string Heads = "refs/heads/";

    public bool IsDeletion => New.All(c => c == '0');

    public string Branch => Name.StartsWith(Heads, StringComparison.Ordinal) ? Name[Heads.Length..] : "";

    /// <summary>Whether this is a branch whose commits are built and released.</summary>
    public bool IsReleased => Branch is "main" or "master" && !IsDeletion;

    /// <summary>Reads a line of a hook; null when it is none.</summary>
    public static PushedRef? Parse(string line) =>
        line.Split(' ', 3) is [var old, var @new, var name] && IsCommit(old) && IsCommit(@new) ? new PushedRef(old, @new, name) : null;

    private static bool IsCommit(string value) => value.Length is 40 or 64 && value.All(char.IsAsciiHexDigitLower);
}
