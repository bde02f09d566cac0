using System.Text.RegularExpressions;
using Mesh.Ingestion.Intake;
using Mesh.Ingestion.Series;
using Mesh.Ingestion.Tests.Servers;

namespace Mesh.Ingestion.Tests.Intake;

public sealed class RejectionsTests
{
    private static readonly RejectionReason[] Reasons = [.. Enum.GetValues<RejectionReason>().Where(reason => reason != RejectionReason.None)];

    [Fact]
    public void The_contract_lists_the_reasons_that_there_are()
    {
        var contract = File.ReadAllText(Path.Combine(ServerProcess.Repository, "protos/mesh/ingestion/v1/telemetry.proto"));
        var listed = Regex.Match(contract, "What kind of reason.*?They are", RegexOptions.Singleline).Value;
        Assert.Equal(Reasons.Select(Rejections.Code).Order(), Regex.Matches(listed, "`([A-Z0-9_]+)`").Select(match => match.Groups[1].Value).Order());
    }

    [Fact]
    public void Each_reason_has_a_sentence_of_its_own() =>
        Assert.Equal(Reasons.Length, Reasons.Select(Rejections.Message).Where(message => message.EndsWith('.')).Distinct().Count());
}
