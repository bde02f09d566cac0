using System.Formats.Tar;
using System.Text;

namespace Mesh.Agent.Tests.Testing;

/// <summary>Writes layers, hostile ones too, with the platform's own tar writer, which is a second opinion on the format.</summary>
internal sealed class TarBuilder : IDisposable
{
    private readonly MemoryStream content = new();
    private readonly TarWriter writer;

    public TarBuilder(TarEntryFormat format = TarEntryFormat.Pax) => writer = new(content, format, leaveOpen: true);

    public TarBuilder File(string name, string text = "", UnixFileMode mode = (UnixFileMode)0x1ED) => File(name, Encoding.UTF8.GetBytes(text), mode);

    public TarBuilder File(string name, byte[] bytes, UnixFileMode mode = (UnixFileMode)0x1ED) =>
        Add(Entry(TarEntryType.RegularFile, name), entry => (entry.DataStream, entry.Mode) = (new MemoryStream(bytes), mode));

    public TarBuilder Folder(string name, UnixFileMode mode = (UnixFileMode)0x1ED) => Add(Entry(TarEntryType.Directory, name), entry => entry.Mode = mode);

    public TarBuilder Link(string name, string target) => Add(Entry(TarEntryType.SymbolicLink, name), entry => entry.LinkName = target);

    public TarBuilder HardLink(string name, string target) => Add(Entry(TarEntryType.HardLink, name), entry => entry.LinkName = target);

    public TarBuilder Device(string name) => Add(Entry(TarEntryType.BlockDevice, name), entry => entry.Mode = (UnixFileMode)0x1B6);

    public byte[] Build()
    {
        writer.Dispose();
        return content.ToArray();
    }

    public void Dispose() => content.Dispose();

    private TarEntry Entry(TarEntryType type, string name) => writer.Format switch
    {
        TarEntryFormat.Gnu => new GnuTarEntry(type, name),
        TarEntryFormat.Ustar => new UstarTarEntry(type, name),
        _ => new PaxTarEntry(type, name),
    };

    private TarBuilder Add(TarEntry entry, Action<TarEntry> fill)
    {
        fill(entry);
        writer.WriteEntry(entry);
        return this;
    }
}
