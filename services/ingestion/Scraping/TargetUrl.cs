using Mesh.Ingestion.Targets;
using Microsoft.AspNetCore.Http.Extensions;
using Microsoft.AspNetCore.WebUtilities;
using Kind = Mesh.Ingestion.V1.Target.Types.Kind;

namespace Mesh.Ingestion.Scraping;

/// <summary>Where a target is read.</summary>
internal static class TargetUrl
{
    private static readonly TimeSpan Longest = TimeSpan.FromSeconds(10);

    // One request for each metric takes its time.
    private static readonly TimeSpan LongestOfGnocchi = TimeSpan.FromMinutes(1);

    // Raw values: rates are ours to compute, and a reader of averages would disturb another one.
    private static readonly (string Name, string Value)[] NetdataQuery =
        [("format", "prometheus"), ("source", "as-collected"), ("timestamps", "no"), ("help", "no"), ("types", "no")];

    /// <summary>Whether what speaks there shows Prometheus's text.</summary>
    public static bool ShowsText(Kind kind) => kind is Kind.Prometheus or Kind.Netdata;

    /// <summary>How long one reading may take.</summary>
    public static TimeSpan PatienceOf(Target target)
    {
        var longest = target.Kind == Kind.Gnocchi ? LongestOfGnocchi : Longest;
        return target.Interval < longest ? target.Interval : longest;
    }

    /// <summary>The URL that is asked, without the user whom the address may name.</summary>
    public static Uri Of(Target target)
    {
        var url = new UriBuilder(target.Address) { UserName = "", Password = "", Fragment = "" };
        return target.Kind == Kind.Netdata ? Netdata(url) : url.Uri;
    }

    /// <summary>The user whom the address names, for HTTP Basic without a password; empty where it names none.</summary>
    public static string UserOf(Target target) => Uri.UnescapeDataString(new Uri(target.Address).UserInfo.TrimEnd(':'));

    private static Uri Netdata(UriBuilder url)
    {
        if (url.Path == "/")
            url.Path = "/api/v1/allmetrics";
        var query = new QueryBuilder();
        var stated = QueryHelpers.ParseQuery(url.Query);
        foreach (var (name, values) in stated.Where(item => item.Key != "format"))
            query.Add(name, values.AsEnumerable()!);
        foreach (var (name, value) in NetdataQuery.Where(item => item.Name == "format" || !stated.ContainsKey(item.Name)))
            query.Add(name, value);
        url.Query = query.ToString();
        return url.Uri;
    }
}
