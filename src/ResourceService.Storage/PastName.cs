using ResourceService.Ledger;

namespace ResourceService.Storage;

/// <summary>Two nodes exchanged their names: what came before this revision happened under the names before.</summary>
/// <param name="Revision">The first revision under the new names.</param>
/// <param name="NodeKey">The number of the node that was renamed.</param>
/// <param name="OtherKey">The number of the node that took its old name.</param>
/// <param name="Old">The name that the renamed node had until then.</param>
/// <param name="New">The name that it has had since.</param>
public sealed record PastName(long Revision, int NodeKey, int OtherKey, NodeId Old, NodeId New);
