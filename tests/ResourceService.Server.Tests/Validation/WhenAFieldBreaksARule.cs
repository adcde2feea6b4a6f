using System.Text.RegularExpressions;
using Google.Api;
using Google.Protobuf.Reflection;

namespace ResourceService.Server.Tests.Validation;

public sealed partial class WhenAFieldBreaksARule(UndisturbedService service) : IClassFixture<UndisturbedService>
{
    // Fields that no value can break: flags, and tokens, which have an error of their own.
    private static readonly string[] _withoutRule = ["force", "validate_only", "all_or_nothing", "newest_first", "drift_only", "page_token", "min_free", "descending"];

    private static IEnumerable<BadField> All =>
        [.. NodeRequests.Rows, .. HostRequests.Rows, .. ClaimRequests.Rows, .. MoveRequests.Rows, .. AuditRequests.Rows];

    public static IEnumerable<TheoryDataRow<string>> Names =>
        All.Select(row => new TheoryDataRow<string>(row.ToString()) { TestDisplayName = $"Validation: {row}" });

    [Theory]
    [MemberData(nameof(Names))]
    public async Task The_answer_names_the_field_and_nothing_changes(string name)
    {
        var row = All.Single(row => row.ToString() == name);
        var before = await RevisionAsync();

        var cause = await Assert.ThrowsAsync<RpcException>(() => RawCalls.SendAsync(service.Clients.Invoker, row.Request));

        var error = Expect.Error(cause.GetRpcStatus(), StatusCode.InvalidArgument, "INVALID_FIELD");
        Assert.Equal([row.Field], error.Violations.Select(violation => violation.Field).Distinct());
        Assert.All(error.Violations, violation => Assert.NotEmpty(violation.Description));
        Assert.StartsWith(row.Field, error.Message, StringComparison.Ordinal);
        Assert.Equal(before, await RevisionAsync());
    }

    [Fact]
    public void Every_field_of_every_request_served_has_a_row()
    {
        var tested = All.SelectMany(row => FieldsOf(row.Request.Descriptor, Indexes().Replace(row.Field, "").Split('.'))).ToHashSet();
        var fields = All.Select(row => row.Request.Descriptor).Distinct().SelectMany(message => FieldsBelow(message, []))
            .Where(field => !_withoutRule.Contains(field.Name) && !IsAnswer(field) && !IsFactOfHost(field)).Distinct();

        Assert.Equal([], fields.Where(field => !tested.Contains(field)).Select(field => field.FullName));
        Assert.Equal(ServedRequests().Order(), All.Select(row => row.Request.Descriptor.Name).Append("StreamClaimsRequest").Distinct().Order());
    }

    // What a host has or runs is no error, whatever it is: what breaks a rule there is a drift, see AuditNode/WhenAGuestIsOdd.
    private static bool IsFactOfHost(FieldDescriptor field) =>
        field.ContainingType == ObservedInstance.Descriptor || field.ContainingType == ObservedNumaCell.Descriptor
        || field == AuditNodeRequest.Descriptor.FindFieldByNumber(AuditNodeRequest.InventoriesFieldNumber);

    // Every field at every depth. A message that stands in several requests has one rule, and is looked at once.
    private static IEnumerable<FieldDescriptor> FieldsBelow(MessageDescriptor message, HashSet<MessageDescriptor> seen) => !seen.Add(message) ? []
        : message.Fields.InDeclarationOrder().SelectMany(field => ElementOf(field) is { } element ? FieldsBelow(element, seen).Prepend(field) : [field]);

    // The fields that a violation's path goes through.
    private static IEnumerable<FieldDescriptor> FieldsOf(MessageDescriptor message, IEnumerable<string> path)
    {
        var place = message;
        foreach (var name in path.TakeWhile(_ => place is not null))
        {
            var field = place!.FindFieldByName(name) ?? throw new InvalidOperationException($"{message.Name} has no field {string.Join('.', path)}.");
            yield return field;
            place = ElementOf(field);
        }
    }

    // What the service fills in is passed over in a request.
    private static bool IsAnswer(FieldDescriptor field) =>
        field.GetOptions()?.GetExtension(FieldBehaviorExtensions.FieldBehavior).Contains(FieldBehavior.OutputOnly) == true;

    // The message in a field, in its list or in its map; null for plain values, and for times, which are judged as a whole.
    private static MessageDescriptor? ElementOf(FieldDescriptor field)
    {
        var holder = field.IsMap ? field.MessageType.FindFieldByName("value") : field;
        return holder.FieldType == FieldType.Message && !holder.MessageType.FullName.StartsWith("google.", StringComparison.Ordinal) ? holder.MessageType : null;
    }

    [GeneratedRegex(@"\[[^\]]*\]| key$", RegexOptions.NonBacktracking)]
    private static partial Regex Indexes();

    [Fact]
    public async Task All_violations_are_told_at_once()
    {
        var request = new ClaimInstanceRequest
        {
            RequestId = "x",
            Instance = new Instance { ProjectId = "a b", VmState = "a\n" },
            Resources = new ResourceRequest { Resources = { ["vcpu"] = 1, ["MEMORY_MB"] = 0 }, RequiredTraits = { "bad" } },
            NodeId = "node 1",
            CandidateNodeIds = { "node-2", "" },
            Lease = Requests.Seconds(0),
            ExpectedGeneration = -1,
        };

        var error = await Expect.ErrorAsync(service.Clients.Claims.ClaimInstanceAsync(request), StatusCode.InvalidArgument, "INVALID_FIELD");

        Assert.Equal(
            [
                "candidate_node_ids", "candidate_node_ids[1]", "expected_generation", "instance.instance_id", "instance.project_id",
                "instance.vm_state", "lease", "node_id", "request_id", "resources.required_traits[0]", "resources.resources",
                "resources.resources[MEMORY_MB]",
            ],
            error.Violations.Select(violation => violation.Field).Order(StringComparer.Ordinal));
    }

    [Fact]
    public async Task Classes_that_do_not_exist_are_each_told()
    {
        var request = Requests.Node();
        request.Inventories.Add("a", new Inventory { Total = -1 });
        request.Inventories.Add("b", new Inventory { Total = 1 });

        var error = await Expect.ErrorAsync(service.Clients.Nodes.RegisterNodeAsync(request), StatusCode.InvalidArgument, "INVALID_FIELD");

        Assert.Equal(["inventories", "inventories", "inventories[a].total"], error.Violations.Select(violation => violation.Field).Order());
    }

    [Fact]
    public async Task A_request_with_very_many_violations_is_told_a_bounded_number()
    {
        var request = Requests.Claim();
        request.CandidateNodeIds.Add(Enumerable.Repeat("a b", 1000));

        var error = await Expect.ErrorAsync(service.Clients.Claims.ClaimInstanceAsync(request), StatusCode.InvalidArgument, "INVALID_FIELD");

        Assert.InRange(error.Violations.Count, 10, 200);
    }

    private static IEnumerable<string> ServedRequests()
    {
        FileDescriptor[] files =
        [
            NodeServiceReflection.Descriptor, ClaimServiceReflection.Descriptor, ResizeServiceReflection.Descriptor, MigrationServiceReflection.Descriptor,
            AuditServiceReflection.Descriptor,
        ];
        return files.SelectMany(file => file.Services).SelectMany(item => item.Methods).Select(method => method.InputType.Name);
    }

    private async Task<long> RevisionAsync() => (await service.Clients.Audits.ListEventsAsync(new ListEventsRequest { PageSize = 1 })).Revision;
}
