using Google.Protobuf;
using Google.Protobuf.Reflection;
using Mesh.Common.Hosting;

namespace Mesh.Common.Reflection;

/// <summary>Every file, symbol and extension that the mapped services refer to, directly or through imports.</summary>
public sealed class ReflectionIndex
{
    private readonly Dictionary<string, FileDescriptor> _files = new(StringComparer.Ordinal);
    private readonly Dictionary<string, FileDescriptor> _symbols = new(StringComparer.Ordinal);
    private readonly Dictionary<string, SortedDictionary<int, FileDescriptor>> _extensions = new(StringComparer.Ordinal);

    public ReflectionIndex(ServiceCatalog catalog)
    {
        Services = [.. catalog.ServiceNames.Order(StringComparer.Ordinal)];
        foreach (var service in catalog.Services.Values) Add(service.File);
    }

    /// <summary>The full names of all services, sorted.</summary>
    public IReadOnlyList<string> Services { get; }

    public FileDescriptor? File(string name) => _files.GetValueOrDefault(name);

    public FileDescriptor? FileOfSymbol(string name) => _symbols.GetValueOrDefault(name.TrimStart('.'));

    public FileDescriptor? FileOfExtension(string message, int number) =>
        _extensions.TryGetValue(message, out var numbers) ? numbers.GetValueOrDefault(number) : null;

    /// <summary>The numbers of all extensions of a message; null when there is no such message.</summary>
    public IReadOnlyCollection<int>? Extensions(string message) => _extensions.TryGetValue(message, out var numbers) ? numbers.Keys
        : _symbols.ContainsKey(message) ? [] : null;

    /// <summary>A file and everything that it imports, imports first.</summary>
    public static IReadOnlyList<ByteString> WithImports(FileDescriptor file)
    {
        var seen = new HashSet<string>(StringComparer.Ordinal);
        var files = new List<ByteString>();
        Walk(file);
        return files;

        void Walk(FileDescriptor next)
        {
            if (!seen.Add(next.Name)) return;
            foreach (var import in next.Dependencies) Walk(import);
            files.Add(next.SerializedData);
        }
    }

    private void Add(FileDescriptor file)
    {
        if (!_files.TryAdd(file.Name, file)) return;
        foreach (var import in file.Dependencies) Add(import);
        foreach (var message in file.MessageTypes) Add(message);
        foreach (var one in file.EnumTypes) Add(one);
        foreach (var extension in file.Extensions.UnorderedExtensions) AddExtension(extension);
        foreach (var service in file.Services)
        {
            _symbols[service.FullName] = file;
            foreach (var method in service.Methods) _symbols[method.FullName] = file;
        }
    }

    private void Add(MessageDescriptor message)
    {
        _symbols[message.FullName] = message.File;
        foreach (var field in message.Fields.InDeclarationOrder()) _symbols[field.FullName] = message.File;
        foreach (var oneof in message.Oneofs) _symbols[oneof.FullName] = message.File;
        foreach (var nested in message.NestedTypes) Add(nested);
        foreach (var one in message.EnumTypes) Add(one);
        foreach (var extension in message.Extensions.UnorderedExtensions) AddExtension(extension);
    }

    private void Add(EnumDescriptor one)
    {
        _symbols[one.FullName] = one.File;
        // The values of an enum live beside it, not inside it.
        var scope = one.FullName[..^one.Name.Length];
        foreach (var value in one.Values)
        {
            _symbols[value.FullName] = one.File;
            _symbols.TryAdd(scope + value.Name, one.File);
        }
    }

    private void AddExtension(FieldDescriptor extension)
    {
        _symbols[extension.FullName] = extension.File;
        var message = extension.ExtendeeType.FullName;
        if (!_extensions.TryGetValue(message, out var numbers)) _extensions[message] = numbers = [];
        numbers[extension.FieldNumber] = extension.File;
    }
}
