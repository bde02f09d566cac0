namespace Mesh.Agent.Images;

internal enum TarEntryKind
{
    File,
    HardLink,
    SymbolicLink,
    Device,
    Directory,
    Fifo,
}

/// <summary>The header of one entry of a layer's archive.</summary>
internal sealed record TarEntry(
    string Name, TarEntryKind Kind, string LinkName, long Size, uint Mode, uint User, uint Group, DateTimeOffset Modified);
