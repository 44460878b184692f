"""Incident workflows: steps that are carried out on an incident one after the other, and what starts them.

Decides which run is begun and how far it is. What a step does is for the engine, which knows the other stations.
"""
