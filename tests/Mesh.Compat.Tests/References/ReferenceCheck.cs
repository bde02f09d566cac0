using System.Reflection.Metadata;

namespace Mesh.Compat.Tests.References;

/// <summary>What a check looked at, and what it found wrong.</summary>
internal sealed record ReferenceReport(int Types, int Members, int DerivedTypes, IReadOnlyList<string> Problems);

/// <summary>
/// Checks compiled assemblies (consumers) against the assemblies that they will run on (providers): each reference to a
/// type or member resolves to one of that name, kind and signature that the consumer may use.
/// </summary>
internal sealed class ReferenceCheck
{
    private readonly HashSet<string> _checked;
    private readonly Providers _providers;
    private readonly HashSet<TypeKey> _types = [];
    private readonly HashSet<string> _members = [];
    private readonly List<string> _problems = [];
    private int _derivedTypes;

    private ReferenceCheck(IEnumerable<string> assemblies, IEnumerable<AssemblyMetadata> providers) =>
        (_checked, _providers) = ([.. assemblies], new Providers(providers));

    /// <summary>Checks the consumers' references into the assemblies of these names, which the provider files should hold.</summary>
    public static ReferenceReport Run(string[] assemblies, string[] providerFiles, string[] consumerFiles)
    {
        var providers = Array.ConvertAll(providerFiles, file => new AssemblyMetadata(file));
        try
        {
            var check = new ReferenceCheck(assemblies, providers);
            foreach (var file in consumerFiles)
            {
                using var consumer = new AssemblyMetadata(file);
                check.CheckConsumer(consumer);
            }

            return new(check._types.Count, check._members.Count, check._derivedTypes, check._problems);
        }
        finally
        {
            Array.ForEach(providers, provider => provider.Dispose());
        }
    }

    private void CheckConsumer(AssemblyMetadata consumer)
    {
        CheckIdentities(consumer);
        CheckTypes(consumer);
        CheckMembers(consumer);
        var derived = new DerivedTypes(_providers, consumer, _problems.Add);
        derived.Check();
        _derivedTypes += derived.Count;
    }

    private void CheckIdentities(AssemblyMetadata consumer)
    {
        foreach (var wanted in consumer.Reader.AssemblyReferences.Select(
            handle => consumer.Reader.GetAssemblyReference(handle).GetAssemblyName()).Where(name => _checked.Contains(name.Name!)))
        {
            var found = _providers.FindAssembly(wanted.Name!)?.Identity;
            if (found is null)
                _problems.Add($"{consumer.Name}: no assembly {wanted.Name}");
            else if (found.Version != wanted.Version || !found.GetPublicKeyToken().AsSpan().SequenceEqual(wanted.GetPublicKeyToken()))
                _problems.Add($"{consumer.Name}: wants {wanted}, found {found}");
        }
    }

    private void CheckTypes(AssemblyMetadata consumer)
    {
        foreach (var key in consumer.Reader.TypeReferences.Select(consumer.KeyOf).Where(key => _checked.Contains(key.Assembly)))
        {
            _types.Add(key);
            if (_providers.Find(key) is not { } type)
                _problems.Add($"{consumer.Name}: no type {key}");
            else if (!Providers.IsVisible(type, consumer.Name))
                _problems.Add($"{consumer.Name}: type {key} is not visible");
        }
    }

    private void CheckMembers(AssemblyMetadata consumer)
    {
        foreach (var member in consumer.Reader.MemberReferences.Select(consumer.Reader.GetMemberReference))
        {
            if (consumer.KeyOf(member.Parent) is not { } owner || !_checked.Contains(owner.Assembly))
                continue;
            var name = consumer.Reader.GetString(member.Name);
            var signature = consumer.SignatureOf(member);
            _members.Add($"{owner}::{name} {signature}");
            if (_providers.WhyUnusable(owner, name, signature, consumer.Name) is { } why)
                _problems.Add($"{consumer.Name}: no member {owner}::{name} {signature}: {why}");
        }
    }
}
