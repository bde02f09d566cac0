using System.Reflection;
using System.Reflection.Metadata;
using System.Text.RegularExpressions;

namespace Mesh.Compat.Tests.References;

/// <summary>
/// Checks the consumer's types that derive from a provider's types or implement its interfaces: nothing abstract is left
/// open, and nothing is overridden that does not exist.
/// </summary>
internal sealed partial class DerivedTypes(Providers providers, AssemblyMetadata consumer, Action<string> problem)
{
    private static readonly HashSet<string> _membersOfObject = ["ToString", "Equals", "GetHashCode", "Finalize"];

    /// <summary>How many types were looked at.</summary>
    public int Count { get; private set; }

    public void Check()
    {
        foreach (var handle in consumer.Reader.TypeDefinitions)
        {
            foreach (var implementation in consumer.Reader.GetTypeDefinition(handle).GetInterfaceImplementations())
                CheckInterface(handle, consumer.Reader.GetInterfaceImplementation(implementation).Interface);
            CheckBase(handle);
        }
    }

    private void CheckInterface(TypeDefinitionHandle handle, EntityHandle implemented)
    {
        if (consumer.KeyOf(implemented) is not { } key || providers.Find(key) is not { } type)
            return;
        Count++;
        var names = consumer.Reader.GetTypeDefinition(handle).GetMethods()
            .Select(method => consumer.Reader.GetString(consumer.Reader.GetMethodDefinition(method).Name)).ToHashSet();
        foreach (var method in type.Definition.GetMethods().Select(type.Assembly.Reader.GetMethodDefinition))
        {
            var name = type.Assembly.Reader.GetString(method.Name);
            var implicitOrExplicit = names.Any(other => other == name || other.EndsWith("." + name, StringComparison.Ordinal));
            if (method.Attributes.HasFlag(MethodAttributes.Abstract) && !implicitOrExplicit)
                problem($"{consumer.KeyOf(handle).Name} does not implement {key}::{name}");
        }
    }

    private void CheckBase(TypeDefinitionHandle handle)
    {
        var (own, root) = ChainOf(handle);
        if (root is not { } key || providers.Find(key) is null)
            return;
        Count++;
        var inherited = VirtualsOf(key);
        var methods = own.SelectMany(type => consumer.Reader.GetTypeDefinition(type).GetMethods())
            .Select(consumer.Reader.GetMethodDefinition)
            .Where(method => method.Attributes.HasFlag(MethodAttributes.Virtual)).ToArray();
        var present = methods.Select(method => Slot(consumer, method)).ToHashSet();

        if (!consumer.Reader.GetTypeDefinition(handle).Attributes.HasFlag(TypeAttributes.Abstract))
        {
            foreach (var slot in inherited.Where(slot => slot.Value && !present.Contains(slot.Key)))
                problem($"{consumer.KeyOf(handle).Name} leaves abstract {key}::{slot.Key}");
        }

        var introduced = methods.Where(IsNewSlot).Select(NameOf).ToHashSet();
        foreach (var method in methods.Where(method => !IsNewSlot(method)))
        {
            var name = NameOf(method);
            if (!_membersOfObject.Contains(name) && !introduced.Contains(name) && !inherited.ContainsKey(Slot(consumer, method)))
                problem($"{consumer.KeyOf(handle).Name} overrides absent {key}::{Slot(consumer, method)}");
        }
    }

    /// <summary>The type and its bases within the consumer, and the first base outside it.</summary>
    private (List<TypeDefinitionHandle> Own, TypeKey? Root) ChainOf(TypeDefinitionHandle handle)
    {
        List<TypeDefinitionHandle> own = [];
        EntityHandle current = handle;
        while (!current.IsNil && current.Kind == HandleKind.TypeDefinition)
        {
            own.Add((TypeDefinitionHandle)current);
            current = consumer.Reader.GetTypeDefinition((TypeDefinitionHandle)current).BaseType;
        }

        return (own, current.IsNil ? null : consumer.KeyOf(current));
    }

    /// <summary>The virtual methods along the base chain; true where the most derived one is abstract.</summary>
    private Dictionary<string, bool> VirtualsOf(TypeKey key)
    {
        Dictionary<string, bool> slots = [];
        for (TypeKey? next = key; next is { } current && providers.Find(current) is { } type;)
        {
            foreach (var method in type.Definition.GetMethods().Select(type.Assembly.Reader.GetMethodDefinition))
            {
                if (method.Attributes.HasFlag(MethodAttributes.Virtual))
                    slots.TryAdd(Slot(type.Assembly, method), method.Attributes.HasFlag(MethodAttributes.Abstract));
            }

            next = type.Definition.BaseType.IsNil ? null : type.Assembly.KeyOf(type.Definition.BaseType);
        }

        return slots;
    }

    private string NameOf(MethodDefinition method) => consumer.Reader.GetString(method.Name);

    private static bool IsNewSlot(MethodDefinition method) => method.Attributes.HasFlag(MethodAttributes.NewSlot);

    // A base class's type parameters are written as arguments in the derived class: both become the same mark.
    private static string Slot(AssemblyMetadata assembly, MethodDefinition method) =>
        $"{assembly.Reader.GetString(method.Name)} {TypeArguments().Replace(assembly.SignatureOf(method), "_")}";

    [GeneratedRegex(@"!!?\d+|<[^()]*>")]
    private static partial Regex TypeArguments();
}
