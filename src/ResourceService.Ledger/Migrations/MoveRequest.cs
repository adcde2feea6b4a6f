using ResourceService.Ledger.Claims;

namespace ResourceService.Ledger.Migrations;

/// <summary>A move that a caller wants.</summary>
/// <param name="Type">The kind of move.</param>
/// <param name="Instance">Who is to move.</param>
/// <param name="Resources">What it needs on the target; null for what its claim on the source was made with.</param>
/// <param name="Lease">How long the move may take until the next sign of life.</param>
/// <param name="ExpectedGeneration">The generation the target must have; null when it does not matter.</param>
public sealed record MoveRequest(MigrationType Type, InstanceId Instance, ResourceRequest? Resources, TimeSpan Lease, long? ExpectedGeneration);
