using System.Text;
using Mesh.Common.Errors;

namespace Mesh.Ingestion.Query;

/// <summary>Reads a selector from left to right.</summary>
internal sealed class SelectorParser(string text, string field)
{
    private const int MaxLength = 4096;

    private int _at;

    public List<Matcher> Parse()
    {
        if (text.Length > MaxLength)
            throw Wrong("it is longer than 4,096 characters");

        var matchers = new List<Matcher>();
        SkipSpace();
        var metric = Name(colon: true);
        if (metric.Length > 0)
            matchers.Add(new Matcher(Matcher.MetricLabel, MatchOperator.Equal, metric));
        SkipSpace();
        if (TryTake('{'))
            ReadMatchers(matchers);
        SkipSpace();
        return _at < text.Length ? throw Wrong($"`{text[_at]}` is not expected at {_at}")
            : matchers.Count == 0 && !text.Contains('{', StringComparison.Ordinal) ? throw Wrong("it names no metric") : matchers;
    }

    private void ReadMatchers(List<Matcher> matchers)
    {
        while (true)
        {
            SkipSpace();
            if (TryTake('}'))
                return;
            matchers.Add(ReadMatcher());
            SkipSpace();
            if (TryTake(','))
                continue;
            if (!TryTake('}'))
                throw Wrong("a comma or a closing brace is missing");
            return;
        }
    }

    private Matcher ReadMatcher()
    {
        var label = Name(colon: false);
        if (label.Length == 0)
            throw Wrong($"a label's name is missing at {_at}");
        SkipSpace();
        var matching = ReadOperator();
        SkipSpace();
        var value = ReadString();
        if (matching is MatchOperator.Matches or MatchOperator.MatchesNot)
            CheckPattern(value);
        return new Matcher(label, matching, value);
    }

    private MatchOperator ReadOperator()
    {
        if (TryTake('='))
            return TryTake('~') ? MatchOperator.Matches : MatchOperator.Equal;
        if (TryTake('!'))
            return TryTake('~') ? MatchOperator.MatchesNot : TryTake('=') ? MatchOperator.NotEqual : throw Wrong("`!` stands alone");
        throw Wrong($"one of =, !=, =~ and !~ is missing at {_at}");
    }

    private string ReadString()
    {
        var quote = _at < text.Length ? text[_at] : '\0';
        if (quote is not ('"' or '\'' or '`'))
            throw Wrong($"a quoted value is missing at {_at}");

        var value = new StringBuilder();
        for (_at++; _at < text.Length; _at++)
        {
            var c = text[_at];
            if (c == quote)
            {
                _at++;
                return value.ToString();
            }

            value.Append(c == '\\' && quote != '`' ? ReadEscape() : c);
        }

        throw Wrong("a quoted value does not end");
    }

    private char ReadEscape() => ++_at < text.Length
        ? text[_at] switch
        {
            'n' => '\n',
            't' => '\t',
            'r' => '\r',
            '\\' or '"' or '\'' => text[_at],
            var c => throw Wrong($"`\\{c}` is no escape"),
        }
        : throw Wrong("a quoted value does not end");

    private void CheckPattern(string pattern)
    {
        if (Patterns.TryParse(pattern, out var why) is null)
            throw Wrong($"`{pattern}` is no regular expression that is understood here: {why}");
    }

    private string Name(bool colon)
    {
        var start = _at;
        while (_at < text.Length && (char.IsAsciiLetter(text[_at]) || text[_at] == '_' || (colon && text[_at] == ':')
            || (_at > start && char.IsAsciiDigit(text[_at]))))
            _at++;
        return text[start.._at];
    }

    private bool TryTake(char c)
    {
        if (_at >= text.Length || text[_at] != c)
            return false;
        _at++;
        return true;
    }

    private void SkipSpace()
    {
        while (_at < text.Length && char.IsWhiteSpace(text[_at]))
            _at++;
    }

    private MeshException Wrong(string what) => MeshException.InvalidArgument(field, $"The selector cannot be read: {what}.");
}
