using ResourceService.Ledger;
using ResourceService.Ledger.Migrations;
using ResourceService.Server.Grpc;
using ResourceService.Server.Nodes;
using ResourceService.Storage;

namespace ResourceService.Server.Moves;

/// <summary>Reads moves: one in flight from memory, ended ones and lists from the store, which knows every move before anyone is told of it.</summary>
internal sealed class MigrationQueries(NodeDirectory nodes, IClaimReader reader)
{
    private const int StatesMax = 16;

    private static readonly MigrationState[] _inFlight = [.. Enum.GetValues<MigrationState>().Where(state => state.IsInFlight())];

    /// <summary>A move in any state; null when there never was one.</summary>
    public V1.Migration? Find(MigrationId id)
    {
        var migration = nodes.Find(id.NodeKey)?.View.Migrations.GetValueOrDefault(id.Sequence) ?? reader.FindMigration(id.Sequence);
        return migration is null || migration.Id != id ? null : MigrationMapping.ToContract(migration, nodes);
    }

    /// <summary>A page of moves.</summary>
    public V1.ListMigrationsResponse List(V1.ListMigrationsRequest request, CancellationToken cancellation)
    {
        var violations = new FieldViolations();
        violations.OptionalId("node_id", request.NodeId);
        violations.OptionalId("instance_id", request.InstanceId);
        violations.CountAtMost("states", request.States.Count, StatesMax);
        var states = request.States.Take(StatesMax)
            .Select((state, i) => MigrationMapping.ToLedger(violations.Enum($"states[{i}]", state, required: true))).ToHashSet();
        violations.CountAtMost("types", request.Types_.Count, StatesMax);
        var types = request.Types_.Take(StatesMax)
            .Select((type, i) => MigrationMapping.ToLedger(violations.Enum($"types[{i}]", type, required: true))).ToHashSet();
        var pageSize = violations.PageSize("page_size", request.PageSize);
        violations.ThrowIfAny();

        var list = new V1.ListMigrationsRequest(request) { PageSize = 0, PageToken = "" };
        var after = PageTokens.ReadNumber(list, request.PageToken);
        var response = new V1.ListMigrationsResponse();
        var node = request.NodeId.Length == 0 ? null : nodes.FindEverRegistered(new NodeId(request.NodeId));
        if (request.NodeId.Length > 0 && node is null)
            return response;

        var filter = new MigrationFilter(
            states.Count == 0 ? _inFlight : states, types, node?.View.NodeKey, request.InstanceId.Length == 0 ? null : request.InstanceId);
        var page = reader.ListMigrations(filter, after, pageSize + 1);
        if (Pages.Fill(response.Migrations, page, pageSize, migration => MigrationMapping.ToContract(migration, nodes), cancellation) is { } last)
            response.NextPageToken = PageTokens.Write(list, last.Id.Sequence.ToString());
        return response;
    }
}
