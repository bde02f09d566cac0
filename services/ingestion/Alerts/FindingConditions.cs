using Mesh.Common.Errors;
using Mesh.Ingestion.Scans;

namespace Mesh.Ingestion.Alerts;

/// <summary>The condition on findings of images that run.</summary>
public sealed class FindingConditions(FindingStore findings, ScanStore scans, RunningImages running)
{
    public async Task<Findings> MatchAsync(AlertTurn turn, V1.AlertPolicy.Types.FindingMatch match, CancellationToken cancellationToken)
    {
        var tenant = turn.Policy.Name.Tenant;
        var filter = new FindingFilter
        {
            Tenant = tenant,
            Severity = match.Severity,
            Repository = match.App,
            FixableOnly = match.FixableOnly,
            Images = (await running.GetAsync(tenant, cancellationToken)).Images(""),
        };
        var groups = await findings.CountAsync(
            filter, match.By, Math.Max(1, match.MinCount), AlertConditions.MaxFindings + 1, cancellationToken);
        if (groups.Count > AlertConditions.MaxFindings)
            throw MeshException.OutOfRange("TOO_MANY_GROUPS", $"More than {AlertConditions.MaxFindings} groups of findings match.");
        (string, string)[] stated = match.App.Length == 0 ? [] : [("app", match.App)];
        var holding = groups.Select(group => new Finding(AlertConditions.LabelsOf(turn.Policy, stated.Concat(match.By.Zip(group.Keys))), group.Count));
        var unexamined = await scans.UnexaminedAsync(tenant, [.. filter.Images.Where(filter.Covers)], int.MaxValue, cancellationToken);
        return new Findings([.. holding], labels => unexamined.Any(image => IsIn(labels, match, image)));
    }

    // Whether findings of an image, if anybody looked for them, could be in an alert's group.
    private static bool IsIn(AlertLabels labels, V1.AlertPolicy.Types.FindingMatch match, ImageName image) => match.By.All(label => label switch
    {
        "app" => labels.Values.GetValueOrDefault(label) == image.Repository,
        "image" => labels.Values.GetValueOrDefault(label) == image.ToString(),
        _ => true,
    });
}
