"""Trained models for small devices: conversion, parity, headers and reports."""
