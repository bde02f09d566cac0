using System.Net;
using Microsoft.Extensions.Configuration;

namespace Mesh.Common.Hosting;

/// <summary>Reads single values; a malformed one is an error that names the variable and says what it should be.</summary>
public sealed class ConfigurationReader(IConfiguration configuration)
{
    public string? Text(string name) => configuration[name] is { Length: > 0 } value ? value : null;

    public int? Number(string name, int least, int most)
    {
        if (Text(name) is not { } text) return null;
        return int.TryParse(text, out var number) && number >= least && number <= most
            ? number
            : throw Wrong(name, $"a number from {least} to {most}");
    }

    public IPAddress? Address(string name)
    {
        if (Text(name) is not { } text) return null;
        return IPAddress.TryParse(text, out var address) ? address : throw Wrong(name, "an IP address");
    }

    public Uri? Url(string name)
    {
        if (Text(name) is not { } text) return null;
        return Uri.TryCreate(text, UriKind.Absolute, out var url) && url.Scheme is "http" or "https"
            ? url
            : throw Wrong(name, "a URL of the form http://host:port");
    }

    public bool? Switch(string name) => Text(name)?.ToLowerInvariant() switch
    {
        null => null,
        "on" or "true" or "1" => true,
        "off" or "false" or "0" => false,
        _ => throw Wrong(name, "on or off"),
    };

    public T? Choice<T>(string name) where T : struct, Enum
    {
        if (Text(name) is not { } text) return null;
        return Enum.TryParse<T>(text, ignoreCase: true, out var value)
            ? value
            : throw Wrong(name, "one of " + string.Join(", ", Enum.GetNames<T>()));
    }

    public byte[] Key(string name, int bytes)
    {
        var buffer = new byte[bytes];
        return Text(name) is { } text && Convert.TryFromBase64String(text, buffer, out var written) && written == bytes
            ? buffer
            : throw Wrong(name, $"{bytes} bytes in base64");
    }

    private static InvalidOperationException Wrong(string name, string expected) => new($"{name} must be {expected}.");
}
