namespace ResourceService.Server.Grpc;

/// <summary>MigrationService: part of the contract, answered with UNIMPLEMENTED by this version.</summary>
internal sealed class MigrationGrpcService : V1.MigrationService.MigrationServiceBase;
