using System.Globalization;
using System.Text.RegularExpressions;
using Mesh.Ingestion.Retention;
using Mesh.Ingestion.Tables;

namespace Mesh.Ingestion.Tests.Retention;

public sealed class RetentionPlanTests
{
    [Fact]
    public void The_days_of_each_signal_are_those_of_its_table()
    {
        var tables = TableSetup.Statements()
            .Select(statement => Regex.Match(statement, @"create table if not exists (\w+)[\s\S]*\nttl (?:toDateTime\()?(\w+)\)? \+ interval (\d+) day"))
            .Where(match => match.Success && match.Groups[1].Value != "series")
            .Select(match => (match.Groups[1].Value, match.Groups[2].Value, int.Parse(match.Groups[3].Value, CultureInfo.InvariantCulture)));
        Assert.Equal(tables.Order(), KeptSignal.All.Select(signal => (signal.Table, signal.TimeColumn, signal.MaxDays)).Order());
    }

    [Fact]
    public void What_a_tenant_states_goes_before_the_default_and_both_before_that_for_all()
    {
        var plan = Assert.Single(RetentionPlan.Make(
            RetentionRule.ParseAll("*:logs=7,acme:logs=3,other:logs=3"), [Stated("acme", 14), Stated("small", 1), Stated("none", 0)]));
        Assert.Equal(("logs", 7), (plan.Signal.Id, plan.DefaultDays!.Value));
        Assert.Equal(new Dictionary<string, int> { ["acme"] = 14, ["other"] = 3, ["small"] = 1 }, plan.Days);
    }

    [Fact]
    public void Nothing_is_deleted_where_nothing_is_stated()
    {
        Assert.Empty(RetentionPlan.Make([], [Stated("acme", 0)]));
        Assert.Empty(RetentionPlan.Make(RetentionRule.ParseAll("*:logs=365"), []));
        Assert.Null(Assert.Single(RetentionPlan.Make([], [Stated("acme", 2)])).DefaultDays);
    }

    [Fact]
    public void A_default_is_never_more_than_the_table_keeps()
    {
        var logs = KeptSignal.Find("logs")!;
        var rules = RetentionRule.ParseAll("*:logs=365,acme:logs=3");
        Assert.Equal(14, RetentionPlan.DefaultDaysOf(rules, "other", logs));
        Assert.Equal(3, RetentionPlan.DefaultDaysOf(rules, "acme", logs));
        Assert.Equal(14, RetentionPlan.DefaultDaysOf([], "acme", logs));
    }

    private static RetentionPolicy Stated(string tenant, int days) => new() { Tenant = tenant, Signal = "logs", Days = days, Revision = 1 };
}
