namespace ResourceService.Server.Grpc;

/// <summary>ResizeService: part of the contract, answered with UNIMPLEMENTED by this version.</summary>
internal sealed class ResizeGrpcService : V1.ResizeService.ResizeServiceBase;
