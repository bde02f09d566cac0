using System.Buffers;
using System.Text;

namespace Grpc.Core;

public sealed partial class Metadata
{
    /// <summary>One header: a text, or bytes when the key ends in "-bin".</summary>
    public class Entry
    {
        private static readonly SearchValues<char> _keyCharacters =
            SearchValues.Create("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._-");

        private readonly string? _text;
        private readonly byte[]? _bytes;

        /// <summary>Makes a header of text.</summary>
        public Entry(string key, string value)
        {
            Key = Normalize(key);
            if (HasBinarySuffix(Key))
                throw new ArgumentException($"'{Key}' ends in {BinaryHeaderSuffix} and so carries bytes, not text.", nameof(key));
            ArgumentNullException.ThrowIfNull(value);
            _text = value;
        }

        /// <summary>Makes a header of bytes, which are copied.</summary>
        public Entry(string key, byte[] valueBytes)
        {
            Key = Normalize(key);
            if (!HasBinarySuffix(Key))
                throw new ArgumentException($"'{Key}' does not end in {BinaryHeaderSuffix} and so carries text, not bytes.", nameof(key));
            ArgumentNullException.ThrowIfNull(valueBytes);
            _bytes = [.. valueBytes];
        }

        /// <summary>The key in lower case.</summary>
        public string Key { get; }

        /// <summary>Whether the value is bytes.</summary>
        public bool IsBinary => _bytes is not null;

        /// <summary>The text; only for a header of text.</summary>
        public string Value => _text ?? throw new InvalidOperationException($"'{Key}' carries bytes and has no text.");

        /// <summary>The bytes, copied; those of the text for a header of text.</summary>
        public byte[] ValueBytes => _bytes is not null ? [.. _bytes] : Encoding.ASCII.GetBytes(_text!);

        /// <inheritdoc />
        public override string ToString() => _bytes is null ? $"{Key}: {_text}" : $"{Key}: {Convert.ToBase64String(_bytes)}";

        private static bool HasBinarySuffix(string key) => key.EndsWith(BinaryHeaderSuffix, StringComparison.Ordinal);

        private static string Normalize(string key)
        {
            ArgumentNullException.ThrowIfNull(key);
            return key.AsSpan().ContainsAnyExcept(_keyCharacters)
                ? throw new ArgumentException($"'{key}' is no header: only ASCII letters, digits, '.', '_' and '-' are allowed.", nameof(key))
                : key.ToLowerInvariant();
        }
    }
}
